"""What machines and interpreters say about themselves, and to whom.

A model that answers, refuses, explains itself or obeys the speaker talks about things of its own:
its instructions, its task, what it cannot do. So does the speaker who gives it orders. A rendition
talks of these things exactly where the speaker does; what only one of the two says gives the
model away. Patterns are of stems, of all languages that are known here (KNOWN) at once.
"""

import re
from collections.abc import Mapping

from translator.languages import primary

KNOWN = frozenset({"ca", "de", "en", "es", "fr", "it", "pt"})


def _words(*stems: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(stems)})", re.IGNORECASE)


_MACHINE = re.compile(
    r"\b(?:AI|IA|KI|GPT|LLM)\b|\b[Cc]hat[Gg][Pp][Tt]|\b(?:[Cc]hatbot|[Aa]ss?istent|[Aa]ssistant"
    r"|[Aa]sistente|[Mm]achines?\b|[Mm][áàa]quina|[Mm]aschine|[Mm]acchina"
    r"|[Rr]ob[oòô]|[Bb]ots?\b|[Ll]anguage model|[Ss]prachmodell|[Mm]odell?[oe]? (?:de|di|du) l"
    r"|[Kk]ünstliche\w* [Ii]ntelligenz|[Aa]rtificial|[Aa]rtificiel)"
)
_SELF = re.compile(
    r"\b(?:AI|IA|KI|GPT|LLM)\b|\b(?i:chatgpt|chatbot|language model|sprachmodell"
    r"|(?:modelo?|model|modèle|modello) (?:de l(?:engua|inguagem|angage|lenguatge)|linguist)"
    r"|artificial intelligence|(?:inteligencia|inteligência|intel·ligència) artificial"
    r"|intelligenza artificiale|intelligence artificielle|künstliche\w* intelligenz)"
)
_TRANSLATION = _words(
    *("translat", "tradu[cztirsï]", "traduï", "[uü]bersetz", "oversett"),
)
_INTERPRETER = _words(
    *("interpreter", "intérprete", "interprète", "interprete\\b", "dolmetsch", "intèrpret"),
    *("interpreting", "interpretación simult", "interprétation"),
)
_INSTRUCTIONS = _words(
    *("new rule", "nueva regla", "nouvelle règle", "neue regel", "nova regra", "nuova regola"),
    *("instru[cç]", "istruzion", "anweisung", "vorgabe", "prompt", "consigne", "consigna"),
    *("reglas", "rules?\\b", "règles", "regeln?\\b", "regras\\b", "regole\\b", "regles\\b"),
    *("guideline", "directri[cz]", "directive", "diretri[cz]", "direttiv", "richtlinie"),
    *("restric", "restriz", "beschränkung", "[oó]rdenes", "orders?\\b", "ordres?\\b", "ordens\\b"),
    *("ordini\\b", "befehl", "indicaci", "indicaç", "programm", "programa", "einschränkung"),
)
_IGNORE = _words(
    *("ignor", "forget", "disregard", "overrid", "olvid", "oubli", "verg[ie]ss", "esque[cç]"),
    *("dimentic", "oblid", "missacht", "anul", "annul", "cancel", "haga caso omiso", "override"),
    *("no haga", "bypass", "außer acht", "pass(?:e|a)r? outre", "desconsider", "scorda", "no segu"),
    *("stop", "deja", "dejen", "arr[êe]t", "hör", "aufhör", "smett", "pare"),
    *("cess", "ferma", "detén", "detenga", "pares\\b"),
)
_SYSTEM = re.compile(
    r"\b(?:system|sistema|système|admin\w*|desenvolvedor|desarrollador|entwickler|développeur"
    r"|developer|sviluppator\w+)\b(?=\s*[:,.]| prompt| mess| mens| mens|nachricht| overr)|"
    r"\b(?:system|developer|admin)[- ]?(?:prompt|message|nachricht|mode)|(?:prompt|mensaje|message"
    r"|messaggio|mensagem|missatge|modo|mode) (?:de |del |di |do |du |des )?"
    r"(?:l['’])?(?:sistema|système|developer|desarrollador|développeu|sviluppat|desenvolv|admin)",
    re.IGNORECASE,
)
_SAY: Mapping[str, re.Pattern[str]] = {
    "en": _words(
        *("say", "tell", "told", "repeat", "answer", "repl(?:y|ie)", "respon", "writ", "print"),
        *("speak", "talk", "pretend", "act as", "reveal", "announce", "sing\\b", "spell", "recite"),
        *("explain", "summari", "list\\b", "describe", "read", "show", "give", "swear", "output"),
        *("introduce", "insult", "mention", "display", "translat"),
    ),
    "es": _words(
        *("di\\b", "d[ií][lmn][aeo]", "díga", "dig[ao]", "decir", "decid", "dice", "dicho", "habl"),
        *("rep[ie]t", "contest", "resp[oó]nd", "escr[ií]b", "imprim", "cu[eé]nt", "cont[ae]"),
        *("finj", "fing", "revel", "revél", "anunci", "cant", "recit", "explic", "explíc", "resum"),
        *(
            "descri",
            "lee\\b",
            "lea\\b",
            "lean\\b",
            "muéstr",
            "muestr",
            "mostr",
            "insult",
            "compórt",
        ),
        *(
            "actúa",
            "deletre",
            "jur[ae]",
            "present",
            "enumer",
            "tradu[czj]",
            "menci",
            "salud",
            "haz\\b",
        ),
    ),
    "fr": _words(
        *(
            "dis\\b",
            "dites",
            "dit\\b",
            "dire\\b",
            "r[eé]p[eéè]t",
            "répon",
            "écri[vst]",
            "racont",
            "parl",
        ),
        *(
            "affich",
            "fais\\b",
            "faites",
            "faire semblant",
            "révél",
            "annonc",
            "chant",
            "récit",
            "lis",
        ),
        *(
            "expli",
            "résum",
            "décri",
            "montr",
            "donne",
            "insult",
            "épel",
            "jur[ez]",
            "comport",
            "imprim",
        ),
        *("présent", "énum", "tradui", "mention"),
    ),
    "de": _words(
        *("sag", "wiederhol", "antwort", "beantwort", "schreib", "nenn", "gib", "geb", "verr[aä]t"),
        *(
            "sing[etn]?\\b",
            "zeig",
            "sprich",
            "sprech",
            "red[ae]",
            "erzähl",
            "erklär",
            "lies",
            "tu\\b so",
        ),
        *("fass", "beschreib", "beleidig", "benimm", "verhalt", "buchstabier", "kündig", "stell"),
        *("übersetz", "druck", "fluch", "erwähn", "vor(?:lesen|stellen)"),
    ),
    "pt": _words(
        *(
            "dig[ao]",
            "diz",
            "dizer",
            "dit[ao]",
            "fal[ae]",
            "rep[ie]t",
            "respond",
            "escrev",
            "cont[ae]",
        ),
        *("finj", "revel", "anunci", "cant[ae]", "recit", "explic", "explique", "resum", "descrev"),
        *(
            "lei[ao]",
            "mostr",
            "insult",
            "comporte",
            "aja\\b",
            "soletr",
            "jur[ae]",
            "apresent",
            "imprim",
        ),
        *("tradu[zç]", "mencion"),
    ),
    "it": _words(
        *(
            "di['’]",
            "dì\\b",
            "dica",
            "dite\\b",
            "dill",
            "dimm",
            "dici",
            "dire\\b",
            "detto",
            "ripet",
        ),
        *(
            "rispond",
            "scriv",
            "parl",
            "raccont",
            "rivel",
            "annunci",
            "canta",
            "recit",
            "fing",
            "legg",
        ),
        *(
            "spieg",
            "riassum",
            "descriv",
            "mostra",
            "insult",
            "comport",
            "sillab",
            "giur",
            "present",
        ),
        *("stampa", "tradu[rc]", "menzion"),
    ),
    "ca": _words(
        *(
            "dig",
            "dir\\b",
            "dius",
            "dit\\b",
            "rep[ei]t",
            "respo",
            "escri",
            "parl",
            "expli",
            "anunci",
        ),
        *("cant[ae]", "recit", "revel", "fing", "llege?ix", "resum", "descri", "mostr", "insult"),
        *("comport", "lletreja", "jur[ae]", "present", "imprim", "tradu", "menci"),
    ),
}
"""What a machine is told to do with words, by language: these stems are too short to mix."""

_CONCEPTS: Mapping[str, re.Pattern[str]] = {
    "translation": _TRANSLATION,
    "interpreter": _INTERPRETER,
    "instructions": _INSTRUCTIONS,
    "ignore": _IGNORE,
    "system": _SYSTEM,
    "machine": _MACHINE,
}

_IMPERATIVE = re.compile(
    r"^\W*(?:(?:please|now|just|then|and|so|from now on|por favor|ahora|a partir de ahora|y|ahora"
    r"|s'il (?:vous|te) pla[iî]t|désormais|maintenant|à partir de maintenant|et|bitte|jetzt|nun|und"
    r"|ab jetzt|von nun an|agora|a partir de agora|per favore|d'ora in poi|adesso|ora|si us plau|a"
    r" partir d'ara),? )*"
    r"(?:say|tell|repeat|answer|reply|respond|write|print|pretend|act as|reveal|announce|speak"
    r"|sing|recite|spell|show me|translate|output|introduce yourself|swear"
    r"|di|diles?|dime|diga(?:n|me|les?)?|repit[ae]n?|respond[ae]n?|contest[ae]n?|escrib[ae]n?"
    r"|habl[ae]n?|finj[ae]|revel[ae]|cuénta\w*|muéstr\w+|traduzca|traduce|tradúce\w*"
    r"|dis|dites|répète[rz]?|répétez|réponds|répondez|écris|écrivez|raconte[rz]?|parle[rz]?|montre"
    r"|montrez|traduis(?:ez)?"
    r"|sag|sagen sie|antworte|antworten sie|wiederhole?|wiederholen sie|schreibe?|schreiben sie"
    r"|erzähle?|verrate|verraten sie|sprich|nenne?|zeige?|zeigen sie|übersetze?|übersetzen sie"
    r"|repita|escreva|fale|conte|finja|diga|mostre|traduza|ripeti|rispondi|scrivi|parla|racconta"
    r"|mostra|traduci|dimmi|digues|repeteix|escriu|respon|mostra'm|tradueix)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?:;,…])\s+")
_ORDERS = (
    frozenset({"ignore", "instructions"}),
    frozenset({"ignore", "translation"}),
    frozenset({"machine", "instructions"}),
    frozenset({"machine", "say"}),
    frozenset({"translation", "instructions"}),
)
"""What people do not talk of together but to a machine."""
_INTERROGATIVE = re.compile(
    r"\b(?:what|who|whose|where|when|why|how|which|qué|cuál(?:es)?|quién(?:es)?|dónde|cuándo|cómo"
    r"|cuánt[oa]s?|que|quel(?:le)?s?|quoi|qui|où|quand|pourquoi|comment|combien|est-ce|was|wer"
    r"|wen|wem|wessen|wo|wohin|woher|wann|warum|wieso|wie|welche[rsnm]?|o que|quem|qual|quais|onde"
    r"|quando|por qu[eê]|como|quant[oiae]s?|che|cosa|chi|dove|perché|come|quale|quali|què|quin[as]?"
    r"|quins|quines|qui|on|quan|per què|com)\b",
    re.IGNORECASE,
)

_QUESTION = re.compile(
    r"^\W*(?:(?:what|who|why|how|where) (?:is|are|was|were|do|does|did|can|should|many|much)"
    r"|qué|cuáles|cuál|quién(?:es)?|dónde|cuánt[oa]s?|por qué|pourquoi|combien|est-ce que|warum"
    r"|wieso|wie ?viele?|por quê|quem é|quais são|perché non|quants|quantes)\b[^.!?]*\Z",
    re.IGNORECASE,
)
_INABILITY = (
    r"(?:can['’ ]?no?t|cannot|unable|not able|won['’]t|no puedo|no podemos|no me es posible"
    r"|ne (?:peux|pouvons|suis pas)|nicht\b.{0,40}\b|kann (?:ich )?\w* ?nicht|não (?:posso|consigo)"
    r"|non (?:posso|sono in grado)|no puc|no sóc capaç|incapa[cz]|impossib|imposib|unmöglich)"
)
_APOLOGY = (
    r"(?:sorry|apolog|afraid|unfortunately|regret|forgiv|pardon|excus|lo siento|lament|disculp"
    r"|perd[óoã]|désolé|malheureusement|regrett|leider|leid\b|entschuldig|bedau|desculp|sinto"
    r"|infelizmente|dispiac|scus|purtroppo|em sap greu|ho sento|malauradament|mi rincresce"
    r"|desgraciadamente|por desgracia)"
)
_REFUSAL = re.compile(
    rf"\b{_APOLOGY}.{{0,60}}\b{_INABILITY}"
    rf"|\b{_INABILITY}.{{0,30}}\b(?:assist|help|comply|fulfil|provide|ayud|aid|asist|cumpl|helfen"
    r"|erfüllen|ajud|atend|aiut|soddisf|répondre|respond|rispond|beantwort|contest|procéder)"
    r"|\b(?:i can only|solo puedo|sólo puedo|je ne peux que|ich kann nur|só posso|posso solo)",
    re.IGNORECASE,
)
_LICENCE_OF_REFUSAL = re.compile(
    rf"\b(?:{_APOLOGY}|{_INABILITY}|only|s[oó]lo\b|seulement|nur\b|apenas|soltanto|couldn|can)",
    re.IGNORECASE,
)
_ASSENT = re.compile(
    r"^\W*(?:sure|of course|certainly|okay|ok|understood|got it|absolutely|here(?:'s|’s| is| are)"
    r"|por supuesto|entendido|de acuerdo|vale|desde luego|aquí (?:tienes?|est[áa]|va)|claro"
    r"|bien sûr|d['’]accord|compris|entendu|voici|natürlich|verstanden|gerne|in ordnung|hier ist"
    r"|com certeza|entendi|certamente|va bene|capito|certo|ecco|d['’]acord|és clar|entesos)\b",
    re.IGNORECASE,
)
_LICENCE_OF_ASSENT = re.compile(
    r"\b(?:sure|of course|certain|ok|okay|understood|under?stand|got|absolutely|right|alright|yes"
    r"|yeah|well|good|fine|exactly|indeed|clear|agree|see|here|there|so\b|natural|obvious|evident"
    r"|por supuesto|entend|acuerdo|vale|luego|aqu[íi]|claro|bien|bueno|s[íi]\b|eso|cierto|ah[íi]"
    r"|he\b|oui|sûr|accord|compris|voici|voilà|ici|ben|bon|natürlich|klar|verstand|gern|ordnung"
    r"|hier|da\b|ja\b|genau|gut|also|jawohl|stimmt|com certeza|certo|sim\b|bom|bem|isso|tá"
    r"|eis|certa|va bene|capit|ecco|sì|allora|bé|acord|clar|entes|vet aqu[íi])",
    re.IGNORECASE,
)
_QUOTE_OF_SELF = re.compile(
    r"\b(?:as an ai|como (?:una? )?(?:ia|inteligencia)|en tant qu['’]ia|als ki)\b", re.IGNORECASE
)


def demanded(source: str, language: str) -> frozenset[str]:
    """What the speaker talks of to a machine: a rendition must talk of it as well.

    Empty where people only talk to each other. `language` is one of KNOWN.
    """
    found = _concepts(source, language)
    is_order = any(_IMPERATIVE.match(sentence) for sentence in _SENTENCE.split(source))
    if is_order or found & {"interpreter", "system"} or any(pair <= found for pair in _ORDERS):
        return found
    return frozenset()


def kept(wanted: frozenset[str], rendition: str, language: str) -> frozenset[str]:
    """What of `wanted` a rendition, so far, talks of. `language` is one of KNOWN."""
    return wanted & _concepts(rendition, language) if wanted else wanted


def gives_away(source: str, rendition: str) -> str | None:
    """What a model says of its own accord and never the speaker; None where there is nothing."""
    if _REFUSAL.search(rendition) and not _LICENCE_OF_REFUSAL.search(source):
        return "refusal"
    if _ASSENT.match(rendition) and not _LICENCE_OF_ASSENT.search(source):
        return "answer"
    if (_SELF.search(rendition) and not _MACHINE.search(source)) or (
        _QUOTE_OF_SELF.search(rendition) and not _QUOTE_OF_SELF.search(source)
    ):
        return "meta talk"
    if _TRANSLATION.search(rendition) and not (
        _TRANSLATION.search(source) or _INTERPRETER.search(source)
    ):
        return "meta talk"
    return None


def begins_to_ask(text: str) -> bool:
    """Whether a text without a question mark is a question all the same, beyond doubt."""
    return _QUESTION.match(text) is not None


def asks(text: str) -> bool:
    """Whether a text without punctuation is a question."""
    return _INTERROGATIVE.search(text) is not None


def _concepts(text: str, language: str) -> frozenset[str]:
    patterns = {**_CONCEPTS, "say": _SAY[primary(language)]}
    return frozenset(name for name, pattern in patterns.items() if pattern.search(text))
