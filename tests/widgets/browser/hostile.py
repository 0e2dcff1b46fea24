"""What somebody may write into a subject, a name or a file name."""

from __future__ import annotations

from typing import Any

from tests.widgets.browser.desk import Desk

_STRINGS = (
    "<script>window.hacked = 1</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror='window.hacked=1'>",
    "<img src=x onerror=window.hacked=1//",
    '"><img src=x onerror=window.hacked=1>',
    "'><svg/onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>",
    "<svg><animate onbegin=window.hacked=1 attributeName=x dur=1s>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=window.hacked=1>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<iframe src=javascript:parent.hacked=1></iframe>",
    "<object data=javascript:window.hacked=1></object>",
    "<embed src=javascript:window.hacked=1>",
    "<a href=javascript:window.hacked=1>click</a>",
    "javascript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "<body onload=window.hacked=1>",
    "<details open ontoggle=window.hacked=1>",
    "<input autofocus onfocus=window.hacked=1>",
    "<video><source onerror=window.hacked=1>",
    "<marquee onstart=window.hacked=1>",
    "<form action=javascript:window.hacked=1><button>go</button></form>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<style>*{display:none}</style>",
    "<template><script>window.hacked=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.hacked=1>'>",
    "<!--><script>window.hacked=1</script-->",
    "]]><script>window.hacked=1</script>",
    "</td></tr></table><script>window.hacked=1</script>",
    "</textarea><script>window.hacked=1</script>",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.hacked=1&#62;",
    "{{constructor.constructor('window.hacked=1')()}}",
    "${window.hacked=1}",
    "$\\href{javascript:window.hacked=1}{x}$",
    "__proto__",
    "constructor",
    "\u202egnp.exe\u202c",
    "\u2066\u2067isolated\u2069",
    "nul \x00 and bell \x07",
    "\u2028line\u2029paragraph",
    "half a pair \ud83d",
    "' onmouseover='window.hacked=1' x='",
    "x\nonerror=window.hacked=1",
)


#: Each as it is, and after what would end an attribute, a comment or an element: more than two hundred.
STRINGS = tuple(start + text for start in ("", '">', "'-->", "</textarea></title>", "\u202e") for text in _STRINGS)


def _div(*children: Any, **attributes: Any) -> dict[str, Any]:
    return {"t": "div", "a": attributes, "c": list(children)}


PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

#: Trees that nodes.py would never give.
FORGED: tuple[dict[str, Any], ...] = (
    {"t": "script", "c": ["window.hacked = 1"]},
    {"t": "SCRIPT", "c": ["window.hacked = 1"]},
    {"t": "style", "c": ["* { display: none }"]},
    {"t": "iframe", "a": {"src": "javascript:parent.hacked=1", "srcdoc": "<script>parent.hacked=1</script>"}},
    {"t": "object", "a": {"data": "javascript:window.hacked=1"}},
    {"t": "embed", "a": {"src": "javascript:window.hacked=1"}},
    {"t": "svg", "c": [{"t": "script", "c": ["window.hacked=1"]}]},
    {"t": "a", "a": {"href": "javascript:window.hacked=1"}, "c": ["click"]},
    {"t": "link", "a": {"rel": "stylesheet", "href": "http://evil.example/x.css"}},
    {"t": "meta", "a": {"content": "0"}},
    {"t": "base"},
    {"t": "video", "a": {"src": "http://evil.example/x.mp4"}},
    {"t": "template", "c": [{"t": "script", "c": ["window.hacked=1"]}]},
    {"t": "img", "a": {"src": "x", "onerror": "window.hacked=1"}},
    {"t": "img", "a": {"src": "http://evil.example/pixel.png", "alt": ""}},
    {"t": "img", "a": {"src": "//evil.example/pixel.png", "srcset": "http://evil.example/x.png 2x"}},
    {"t": "img", "a": {"src": "data:text/html;base64,PHNjcmlwdD4=", "alt": ""}},
    {"t": "img", "a": {"src": ["data:image/png;base64,", "x"]}},
    {"t": "input", "a": {"type": "image", "src": "http://evil.example/x.png"}},
    {"t": "form", "a": {"action": "javascript:window.hacked=1", "target": "_top"}, "c": [{"t": "button", "c": ["go"]}]},
    {"t": "button", "a": {"formaction": "javascript:window.hacked=1", "type": "submit"}, "c": ["go"]},
    _div(onclick="window.hacked=1", ONCLICK="window.hacked=1", style="position:fixed;inset:0", innerHTML="<b>x</b>"),
    _div(**{"aria-x onclick=window.hacked=1": "x", "data-x><script>": "x", "data-\u00e4": "x", "": "x"}),
    _div({"t": "p", "a": {"slot": "x", "is": "x", "nonce": "x", "popovertarget": "x", "autofocus": True}, "c": ["fine"]}),
    {"t": "div", "a": "onclick=window.hacked=1", "c": "<b>no list</b>", "e": "click"},
    {"t": "div", "a": ["onclick"], "c": [None, 7, True, ["x"], {"c": ["no tag"]}, {"t": None}, {"t": ["script"]}, "fine"]},
    {"t": "__proto__"},
    {"t": "constructor"},
    {"t": "div", "a": {"__proto__": {"onclick": "x"}, "constructor": "x", "title": {"toString": "x"}}, "c": ["fine"]},
)

#: What no screen has.
_FORBIDDEN = (
    "script, style, iframe, object, embed, svg, math, a, link, meta, base, video, template, marquee, b, body, [style], [href], [srcdoc],"
    " [action], [formaction], [srcset], img[src]:not([src^='data:image/'])"
)
_EVENT_ATTRIBUTES = "nodes => nodes.flatMap(node => node.getAttributeNames()).filter(name => name.startsWith('on'))"


def traces(desk: Desk) -> list[str]:
    """What hostile text has brought about: code that ran, a dialog, an element or attribute that no screen has, a request to elsewhere."""
    found = [f"window.hacked is {desk.page.evaluate('window.hacked')}"] if desk.page.evaluate("'hacked' in window") else []
    found += desk.root.locator(_FORBIDDEN).evaluate_all("nodes => nodes.map(node => node.outerHTML)")
    found += desk.root.locator("*").evaluate_all(_EVENT_ATTRIBUTES)
    return found + desk.dialogs + desk.outside
