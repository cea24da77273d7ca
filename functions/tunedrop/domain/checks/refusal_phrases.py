r"""How refusals open, in ten languages: phrases that decline a request, not ones that say something was not found.

The patterns are written for readers: a blank stands for white space, and `'` for either apostrophe.
"""

from __future__ import annotations

import re

_LONGEST = 600
"""Longest answer that counts as a refusal, in characters. A longer one explains something as well."""

_CANNOT = "(?:can't|cannot|can not|won't|will not|am unable to|am not able to)"
_HELP = (
    "(?:help|assist|fulfill?|comply|provide|answer|create|generate|write|produce|engage|participate|support|discuss"
    "|do that)"
)
_UNABLE = rf"I(?: {_CANNOT}|'m unable to|'m not able to)"
_AS_MACHINE = r"as an? (?:AI|artificial intelligence|(?:large )?language model)\b[^.]{0,60}?"
_SORRY = (
    r"(?:(?:I'm|I am|My)(?: very| really| so| deepest)? )?(?:sorry|afraid|apologies|apologize)[,.;:]?(?: but| that)?"
)
_PHRASES = (
    rf"{_SORRY} (?:as an? AI[^,.]{{0,40}}, )?{_UNABLE} {_HELP}\b",
    rf"(?:I apologi[sz]e|Unfortunately),?(?: but)? {_UNABLE} {_HELP}\b",
    rf"{_UNABLE} {_HELP} (?:(?:you )?with (?:that|this|your request)|(?:that|this|your request)\b|any\b)",
    rf"{_AS_MACHINE}\bI(?:'m not| don't| do not| can't| cannot| can not| am not| am unable)\b",
    r"(?:Es )?Tut mir leid[,.]?(?: aber)? (?:ich kann|das kann ich|dabei kann ich)\b[^.]{0,60}\bnicht\b",
    r"Als (?:eine? )?KI\b[^.]{0,60}\b(?:kann|bin|habe)\b",
    r"(?:Je suis )?désolée?,?(?: mais)? je ne (?:peux|suis) pas\b",
    r"En tant (?:qu'|que )(?:une? )?(?:IA|intelligence artificielle|modèle de langage)\b",
    r"Lo siento,?(?: pero)? no puedo (?:ayudar|proporcionar|cumplir|responder|generar|crear)",
    r"(?:Desculpe|Sinto muito|Lamento),?(?: mas)?(?: eu)? não posso (?:ajudar|fornecer|cumprir|responder|gerar|criar)",
    r"Como (?:una? |um )?(?:IA|inteligencia artificial|modelo de lengua(?:je|gem)|modelo de linguagem)\b",
    r"Mi dispiace,?(?: ma)? non posso (?:aiutar|fornire|soddisfare|rispondere|generare|creare)",
    r"(?:Извините|Простите|К сожалению),?(?: но)? я не могу (?:помочь|предоставить|выполнить|ответить|создать)",
    r"(?:很|非常)?(?:抱歉|对不起|對不起)[,，。]?但?是?我(?:无法|無法|不能)(?:帮|幫|协助|提供|回答|满足|滿足|生成|完成)",
    r"(?:(?:很|非常)?(?:抱歉|对不起)[,，])?作为(?:一个|一名|一款)?(?:AI|人工智能|(?:大型)?语言模型)[^。]{0,30}(?:无法|不能|没有)",
    r"申し訳(?:ありません|ございません)[^。]{0,40}(?:お手伝い|お答え|ご提供|対応)(?:でき|いたしかね|することは)",
    r"죄송하지만[^.]{0,40}(?:도와드릴|제공할|답변할|답변드릴) 수 없",
)
_REFUSAL = re.compile(r"\s*(?:" + "|".join(_PHRASES).replace("'", "['’]").replace(" ", r"\s") + ")", re.IGNORECASE)


def refuses(answer: str) -> bool:
    """Whether an answer is short and opens with a refusal."""
    return len(answer) <= _LONGEST and _REFUSAL.match(answer) is not None
