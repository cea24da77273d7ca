r"""How refusals open, in ten languages: phrases that decline a request, not ones that say something was not found.

A refusal is made of three phrases: that one is sorry, that one is a machine, and that one is unable to help. They come
in any order, with or without commas and words such as `but` between them; two of them make a refusal.
The patterns are written for readers: a blank stands for white space, and `'` for either apostrophe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_LONGEST = 600
"""Longest answer that counts as a refusal, in characters. A longer one explains something as well."""


@dataclass(frozen=True, slots=True, eq=False)
class _Language:
    """The three phrases of a language, and the words that may stand between them."""

    opens: str
    """The first words of all its patterns; `*` for scripts without blanks."""
    sorry: str
    machine: str
    unable: str
    """With the verb: what one is unable to do, so that `I can't find it` is none."""
    links: str
    alone: tuple[str, ...] = ()
    """What is a refusal without another phrase, or in one order only."""
    signs: tuple[str, ...] = ()
    """In scripts without blanks: texts of which each refusal has one, in place of a first word."""

    def patterns(self) -> tuple[str, ...]:
        """All patterns: those of two phrases end in being unable or begin with it."""
        other, link = f"(?:{self.sorry}|{self.machine})", _LINK.format(self.links)
        return (
            *self.alone,
            rf"{other}{link}(?:{other}{link}){{0,2}}{self.unable}",
            rf"{self.unable}[^.!?。！？\n]{{0,80}}?[.!。！]?{link}{other}(?!\w)",
        )


_LINK = "[,.;:!，。、]?(?: ?[-–—])?(?: ?(?:{}))?,? ?"
_CANNOT = "(?:can't|cannot|can not|won't|will not|am unable to|am not able to|must decline to)"
_VERBS = (
    "(?:help|assist|fulfill?|comply|provide|answer|create|generate|write|produce|engage|participate|support|discuss"
    "|do that|respond to (?:that|this|your|such)|(?:offer|give|share)(?: you)? (?:any )?(?:medical|legal|financial)"
    " advice)"
)
"""Others, such as to offer, give or share, are what support declines, and says beside it what helps."""
_I_CANNOT = rf"I(?: (?:just|simply|really|therefore))?(?: {_CANNOT}|'m unable to|'m not able to)"
_BUT_YOU_CAN = r"[^.!?\n]{0,120}?\b(?:but|though) you (?:can|could|may|might)\b"
"""What goes on like that in the same sentence declines one thing and says what helps."""
_HELP = rf"{_I_CANNOT}(?: (?:really|directly|actually|currently))? {_VERBS}\b(?!{_BUT_YOU_CAN})"
_MACHINES = "(?:AI|artificial intelligence|(?:large )?language model)"
_NOT = "I(?:'m not| don't| do not| can't| cannot| can not| am not| am unable)"
_SORRY = (
    "(?:(?:I'm|I am|My)(?: very| really| so| deepest| truly| terribly)? )?(?:sorry|afraid|apologies)"
    "(?: for (?:the|any) (?:inconvenience|confusion))?"
    "|I(?: do| sincerely)? apologi[sz]e(?: for (?:the|any) (?:inconvenience|confusion))?"
    "|Unfortunately|Regrettably"
)
_LANGUAGES = (
    _Language(
        "i my sorry afraid apologies unfortunately regrettably as",
        _SORRY,
        rf"as an? {_MACHINES}(?: [a-z]+){{0,4}}",
        _HELP,
        "but|and|so|however|that|then|though",
        (
            rf"{_HELP} (?:(?:you )?with (?:that|this|your request)|(?:that|this|your request)\b|any\b)",
            rf"(?:(?:{_SORRY}){_LINK.format('but|that|and')})?as an? {_MACHINES}\b[^.]{{0,60}}?\b{_NOT}\b",
            rf"{_NOT} [^.!?\n]{{0,60}}?,? ?as an? {_MACHINES}(?: model| assistant)?(?=[.,;:!?]|\Z)",
        ),
    ),
    _Language(
        "es tut entschuldigung leider als ich das dabei damit hierbei kann darf",
        "(?:Es )?Tut mir(?: sehr)? leid|Entschuldigung|Leider",
        r"als (?:eine? )?(?:KI|künstliche Intelligenz|Sprachmodell)(?:-?\w+)?",
        r"(?:(?:ich|das|dabei|damit|hierbei|leider) )*(?:kann|darf)\b(?: \w+){0,6}? nicht(?: \w+){0,3}?"
        r" (?:helfen|beantworten|weiterhelfen|bereitstellen|erstellen|unterstützen|generieren|nachkommen)",
        "aber|doch|und|dass",
        (
            r"(?:Es )?Tut mir leid[,.]?(?: aber)? (?:ich kann|das kann ich|dabei kann ich)\b[^.]{0,60}\bnicht\b",
            r"Als (?:eine? )?KI\b[^.]{0,60}\b(?:kann|bin|habe)\b",
        ),
    ),
    _Language(
        "je vraiment sincèrement désolé désolée malheureusement en",
        r"(?:Je suis )?(?:vraiment |sincèrement )?désolée?|Malheureusement",
        r"en tant (?:qu'|que )(?:une? )?(?:IA|intelligence artificielle|modèle de langage)(?: [a-zé]+){0,3}",
        "je ne (?:peux|suis) pas(?: [a-zé']+){0,3}? "
        "(?:(?:vous |t'|l')?(?:aider|répondre|fournir|créer|générer|écrire|assister|satisfaire))",
        "mais|que|et",
        (
            r"(?:Je suis )?désolée?,?(?: mais)? je ne (?:peux|suis) pas\b",
            r"En tant (?:qu'|que )(?:une? )?(?:IA|intelligence artificielle|modèle de langage)\b",
        ),
    ),
    _Language(
        "lo lamentablemente desafortunadamente como no",
        "Lo siento(?: mucho)?|Lamentablemente|Desafortunadamente",
        r"como (?:una? )?(?:IA|inteligencia artificial|modelo de lenguaje)(?: [a-záéíóú]+){0,3}",
        "no puedo (?:ayudar|proporcionar|cumplir|responder|generar|crear)",
        "pero|que|y",
        (r"Como (?:una? )?(?:IA|inteligencia artificial|modelo de lenguaje)\b",),
    ),
    _Language(
        "desculpe sinto lamento infelizmente como eu não",
        "Desculpe|Sinto muito|Lamento|Infelizmente",
        r"como (?:uma? )?(?:IA|inteligência artificial|modelo de linguagem)(?: [a-záéíóúãõç]+){0,3}",
        "(?:eu )?não posso (?:ajudar|fornecer|cumprir|responder|gerar|criar)",
        "mas|que|e",
        (r"Como (?:uma? )?(?:IA|inteligência artificial|modelo de linguagem)\b",),
    ),
    _Language(
        "mi purtroppo come in non",
        "Mi dispiace|Purtroppo",
        r"(?:come|in quanto) (?:una? )?(?:IA|intelligenza artificiale|modello linguistico)(?: [a-zàèéìòù]+){0,3}",
        "non posso (?:aiutar|fornir|soddisfar|risponder|generar|crear)",
        "ma|che|e",
    ),
    _Language(
        "извините простите к мне как я",
        "Извините|Простите|К сожалению|Мне жаль",
        r"как (?:ИИ|искусственный интеллект|языковая модель)(?:-?\w+)?",
        "я не могу(?: вам| тебе| с этим)* (?:помочь|предоставить|выполнить|ответить|создать)",
        "но|и|что",
    ),
    _Language(
        "*",
        "(?:很|非常)?(?:抱歉|对不起|對不起|遗憾)",
        "(?:我)?(?:作为|作為)(?:一个|一個|一名|一款)?(?:AI|人工智能|人工智慧|(?:大型)?语言模型)[^，,。\\s]{0,12}",
        "我?(?:无法|無法|不能)(?:帮|幫|协助|提供|回答|满足|滿足|生成|完成)",
        "但|但是|所以",
        (
            r"(?:(?:很|非常)?(?:抱歉|对不起)[,，])?作为(?:一个|一名|一款)?(?:AI|人工智能|(?:大型)?语言模型)[^。]{0,30}(?:无法|不能|没有)",
        ),
        ("歉", "不起", "遗憾", "作为", "作為"),
    ),
    _Language(
        "*",
        "申し訳(?:ありません|ございません)|すみません",
        "(?:私は)?(?:AI|人工知能|言語モデル)(?:として|なので|ですので)",
        "[^。\\n]{0,40}?(?:お手伝い|お答え|ご提供|対応)(?:でき|いたしかね|することは)(?:ません|ない)?",
        "が|けれども",
        (r"申し訳(?:ありません|ございません)[^。]{0,40}(?:お手伝い|お答え|ご提供|対応)(?:でき|いたしかね|することは)",),
        ("申し訳", "すみません", "として", "なので", "ですので"),
    ),
    _Language(
        "*",
        "죄송(?:합니다|하지만)",
        "(?:저는 )?(?:AI|인공지능|언어 모델)(?:로서|이므로|이기 때문에)",
        "[^.\\n]{0,40}?(?:도와드릴|제공할|답변할|답변드릴) 수 없(?:습니다)?",
        "만|하지만",
        (r"죄송하지만[^.]{0,40}(?:도와드릴|제공할|답변할|답변드릴) 수 없",),
        ("죄송", "로서", "이므로", "때문에"),
    ),
)
_SPACELESS = tuple(each for each in _LANGUAGES if each.opens == "*")
_BY_OPENING = {
    word: tuple(each for each in _LANGUAGES if word in each.opens.split())
    for language in _LANGUAGES
    for word in language.opens.split()
}
_FIRST_WORD = re.compile(r"\s*(\w{1,20})")
_LEAST_EASTERN = "\u2e80"


@cache
def _compiled(language: _Language) -> re.Pattern[str]:
    """A language's patterns, compiled once an answer needs them: all together take a quarter of a second."""
    patterns = "|".join(language.patterns()).replace("'", "['’]").replace(" ", r"\s")
    return re.compile(rf"\s*(?:{patterns})", re.IGNORECASE)


def refuses(answer: str) -> bool:
    """Whether an answer is short and opens with a refusal. Most are none by their first word."""
    if len(answer) > _LONGEST or not (first := _FIRST_WORD.match(answer)):
        return False
    if not first[1].isascii() and max(first[1]) >= _LEAST_EASTERN:
        languages = [each for each in _SPACELESS if any(sign in answer for sign in each.signs)]
        return any(_compiled(each).match(answer) for each in languages)
    opened = _BY_OPENING.get(first[1].casefold())
    return opened is not None and any(_compiled(each).match(answer) for each in opened)
