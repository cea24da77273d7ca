"""Our metrics and statistics beside SciPy, statsmodels, rouge-score and sacrebleu, in an environment of their own."""
