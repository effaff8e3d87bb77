"""Languages: what people read, in theirs.

    source     templates as texts to translate, and translated
    catalogue  the translations, `locale/LANGUAGE/LC_MESSAGES/keyturn.po`
    speech     times and lengths of time, as a language says them
    loader     Jinja templates in a language

English is written in the templates and catalogues themselves and needs none of this. Which
language somebody gets is `rules.languages`.
"""
