"""Small ways to break a C source: each a place in the text and what to put there. Comments, strings,
the preprocessor's lines and assertions are left alone, and so is the wiping of memory, which no test
of behaviour can notice."""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
  | (?P<text>[LuU8]*"(?:[^"\\]|\\.)*"|[LuU]?'(?:[^'\\]|\\.)*')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[uUlLfF]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
  | (?P<space>\s+)
""", re.X | re.M | re.S)

SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
         "+=": "-=", "-=": "+=", "++": "--", "--": "++", "|=": "&=", "&=": "|=", "<<": ">>", ">>": "<<",
         "/": "*", "%": "/"}
# Only between two operands: one of these before an operand is a sign, an address, a pointer.
BINARY = {"+": "-", "-": "+", "&": "|", "|": "&"}
WORDS = {"true": "false", "false": "true"}
ASSERTIONS = {"_Static_assert", "static_assert", "assert", "__attribute__"}
# After these an operator cannot be between operands, and a call is no statement.
KEYWORDS = {"sodium_memzero", "return", "case", "sizeof", "else", "do", "if", "for", "while", "switch", "goto"}
TYPES = {"struct", "enum", "union", "const", "static", "unsigned", "int", "char", "void", "bool", "double",
         "float", "long", "size_t", "ssize_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "int64_t"}


@dataclass(frozen=True)
class Mutant:
    start: int
    end: int
    put: str
    kind: str


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    depth: int  # of braces


def tokens_of(source):
    """The source's tokens without spaces, comments and directives; assertions are left out."""
    out, depth, at = [], 0, 0
    while at < len(source):
        found = TOKEN.match(source, at)
        if not found:
            at += 1
            continue
        kind, text = found.lastgroup, found[0]
        at = found.end()
        if kind in ("space", "comment", "directive"):
            continue
        if text == "}":
            depth -= 1
        out.append(Token(kind, text, found.start(), depth))
        if text == "{":
            depth += 1
    return without_assertions(out)


def without_assertions(tokens):
    out, i = [], 0
    while i < len(tokens):
        if tokens[i].text in ASSERTIONS and i + 1 < len(tokens) and tokens[i + 1].text == "(":
            i = closing(tokens, i + 1) + 1
            continue
        out.append(tokens[i])
        i += 1
    return out


def closing(tokens, i):
    """The index of the bracket that closes the one at i."""
    depth = 0
    for k in range(i, len(tokens)):
        depth += tokens[k].text in "([{" if len(tokens[k].text) == 1 else 0
        depth -= tokens[k].text in ")]}" if len(tokens[k].text) == 1 else 0
        if depth == 0:
            return k
    return len(tokens) - 1


def is_operand_end(token):
    return (token.kind in ("number", "text") or token.text in (")", "]") or
            (token.kind == "word" and token.text not in KEYWORDS | TYPES))


def number_mutant(token):
    text = token.text
    digits = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", text)
    if not digits:
        return None
    value = int(digits[1], 0) if digits[1] == "0" or not digits[1].startswith("0") or "x" in text.lower() else 0
    put = {0: "1", 1: "0"}.get(value, str(value + 1))
    return Mutant(token.start, token.start + len(text), put + digits[2], "constant")


def operator_mutant(before, token):
    end = token.start + len(token.text)
    if token.text in SWAPS:
        return Mutant(token.start, end, SWAPS[token.text], "operator")
    if token.text in BINARY and is_operand_end(before):
        return Mutant(token.start, end, BINARY[token.text], "operator")
    if token.text == "!":
        return Mutant(token.start, end, "", "operator")
    return None


def statement_mutant(tokens, i):
    """A call or an assignment that is a whole statement, dropped."""
    before = tokens[i - 1].text
    if tokens[i].kind != "word" or tokens[i].text in KEYWORDS | TYPES or tokens[i].depth == 0:
        return None
    if before not in (";", "{", "}", ")", "else", ":"):
        return None
    end = i
    while end < len(tokens) and tokens[end].text not in (";", "{", "}"):
        end += 1
    if end == len(tokens) or tokens[end].text != ";":
        return None
    inside = [t.text for t in tokens[i:end]]
    call = len(inside) > 2 and inside[1] == "(" and closing(tokens, i + 1) == end - 1
    assigns = "=" in inside and len(inside) > 2 and inside[1] in ("=", "->", ".", "[")
    if not call and not assigns:
        return None
    return Mutant(tokens[i].start, tokens[end].start, "(void)0", "call" if call else "assignment")


def mutants_of(source):
    """Every mutant of a source, in the order of its text."""
    tokens = tokens_of(source)
    out = []
    for i in range(1, len(tokens)):
        token = tokens[i]
        if token.kind == "number":
            found = number_mutant(token)
        elif token.kind == "op" and token.depth > 0:
            found = operator_mutant(tokens[i - 1], token)
        elif token.text in WORDS:
            found = Mutant(token.start, token.start + len(token.text), WORDS[token.text], "constant")
        else:
            found = statement_mutant(tokens, i)
        if found:
            out.append(found)
    return out


def apply(source, mutant):
    return source[:mutant.start] + mutant.put + source[mutant.end:]


def line_of(source, mutant):
    return source.count("\n", 0, mutant.start) + 1


def shown(source, mutant):
    """The line before and after, each without the blanks around it."""
    begin = source.rfind("\n", 0, mutant.start) + 1
    end = source.find("\n", mutant.end)
    before = " ".join(source[begin:end].split())
    after = " ".join((source[begin:mutant.start] + mutant.put + source[mutant.end:end]).split())
    return before, after
