# SPDX-License-Identifier: Apache-2.0

GREETINGS = {"de": "Hallo, {}!", "en": "Hello, {}!", "fr": "Bonjour, {} !"}


def greeting(language, name):
    """Return the greeting of name, or None if there is none in the language."""
    template = GREETINGS.get(language)
    return template and template.format(name)
