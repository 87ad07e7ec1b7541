"""Texts that would run, leave their place or ask an address if a page took them for more than text."""

from __future__ import annotations

TEXTS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "<svg/onload=alert(4)>",
    "\"><iframe src='javascript:alert(5)'></iframe>",
    "javascript:alert(6)",
    "<!--<script>",
    "]]><script>alert(7)</script>",
    "{{constructor.constructor('alert(8)')()}}${alert(9)}",
    "\u2028\u2029alert(10)//",
    "<a href=http://127.0.0.1:9/>here</a><link rel=stylesheet href=//127.0.0.1:9/x.css>",
    "<style>*{background:url(http://127.0.0.1:9/y)}</style>",
    "\u202egnirts desrever\u202c <b>bold</b> &lt;i&gt; &#x3c;script&#x3e;",
    "__proto__",
    "'; alert(11); '",
)
