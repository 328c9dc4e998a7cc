"""Names that mean something to Markdown, to Streamlit or to a browser, and must be shown as they were typed."""

import random

IMAGE = "![x](http://evil.example/x.png)"
PARTS = [
    IMAGE,
    "[here](http://evil.example)",
    "[x]: http://evil.example",
    "[^1]",
    "http://evil.example/a_b",
    "HTTPS://evil.example",
    "www.evil.example",
    "<http://evil.example>",
    "me@evil.example",
    "mailto:me@evil.example",
    "<img src=http://evil.example/x.png onerror=alert(1)>",
    "<b>b</b>",
    "<!-- c -->",
    "&lt;&#58;",
    ":material/face:",
    ":material_face:",
    ":streamlit:",
    ":smile:",
    ":+1:",
    ":red[r]",
    ":blue-badge[b]",
    ":color[c]{foreground=red}",
    ":help[h]",
    "::leaf[l]",
    ":::box",
    "$x^2$",
    "$$y$$",
    "`code`",
    "```",
    "~~~",
    "~~s~~",
    "**b**",
    "__b__",
    "*i*",
    "_i_",
    "# h",
    "### h",
    "- l",
    "+ l",
    "1. l",
    "2) l",
    "> q",
    "===",
    "---",
    "***",
    "| a | b |",
    "- [ ] t",
    "->",
    "<-",
    "<->",
    "--",
    ">=",
    "<=",
    "~=",
    "\\",
    "\\n",
    "a\\*b",
    "\n",
    "\n\n",
    "    ",
    "\t",
    ":",
    "!",
    "(",
    ")",
    "]",
    "Füße",
    "cup",
    "12:30:45",
    "5 %",
]


def names(number: int) -> list[str]:
    """Return every part alone, and so many random mixtures, always the same."""
    chance = random.Random(0)
    mixed = [
        "".join(chance.choice(["", " "]) + part for part in chance.choices(PARTS, k=chance.randint(2, 5)))
        for _ in range(number)
    ]
    return [name for name in (*PARTS, *mixed) if name.strip()]


def shown(name: str) -> str:
    """Return a name as a page shows it: in one line."""
    return " ".join(name.split())
