"""What the language of templates does, and that nothing written in it takes long."""

from datetime import UTC, date, datetime
from time import process_time
from typing import Any

import pytest

from campaigns.templates.cleaning import clean, text_of
from campaigns.templates.compiling import TemplateError
from campaigns.templates.contexts import Context
from campaigns.templates.rendering import MessageTexts, MissingVariables, Snippet, render

FILLED = [
    ("{{ first_name }}", "Maya"),
    ("{{first_name}} {{ fullname }} {{company}}", "Maya Maya Lindqvist Northwind & Sons"),
    ('{{ title | default: "there" }}', "there"),
    ('{{ title | upcase | default: "there" }}', "there"),
    ("{% if title %}Dear {{ title }}{% else %}Hello{% endif %}", "Hello"),
    ("{% if title == blank or title == nil %}none{% endif %}", "none"),
    ("{% unless title contains 'Head' %}none{% endunless %}", "none"),
    ("{{ custom.plan }} {{ custom['Start date'] }} {{ plan }}", "Pro 1 May Pro"),
    ("{{ sender.name }}: {{ sender_name }}", "Ana: Ana"),
    ("{% for tag in custom.tags %}{{ tag }}{% unless forloop.last %}, {% endunless %}{% endfor %}", "a, b"),
    ("{% assign name = first_name | downcase %}{{ name }}", "maya"),
    ("a {%- if true -%} b {%- endif -%} c{% comment %}{{ broken {% endcomment %}{% # note %}", "abc"),
    ("{{ company_name | replace: '& ', '' | append: '!' }}", "Northwind Sons!"),
    ("{{ today }}, {{ today | add_working_days: 2 | date: '%A %-d %B' }}", "1 May 2026, Tuesday 5 May"),
    ("{{ today | date: 'long' }} {{ now | date: '%H:%M' }}", "1 May 2026 09:05"),
    ("{{ '{{' }} {{ braces }}", "{{ {{ first_name }} {a|b}"),
    (r"\{a\|b\} p{color:red} {alone} a|b", "{a|b} p{color:red} {alone} a|b"),
]


def context(**values: Any) -> Context:
    found = Context(
        first_name="Maya",
        full_name="Maya Lindqvist",
        company_name="Northwind & Sons",
        sender={"name": "Ana"},
        custom={"plan": "Pro", "Start date": "1 May", "tags": ["a", "b"]},
        braces="{{ first_name }} {a|b}",
        today=date(2026, 5, 1),
        now=datetime(2026, 5, 1, 9, 5, tzinfo=UTC),
        **values,
    )
    found.seed, found.language = "enrolment", "en-GB"
    return found


@pytest.mark.parametrize(("source", "filled"), FILLED)
def test_a_text_is_filled(source: str, filled: str) -> None:
    assert render(MessageTexts(body=source), context()).body == filled


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("{{ title }} {{ custom.none }} {{ title }}", ("title", "custom.none")),
        ("{{ first_name | append: title }}", ("title",)),
        ("{{ owner.name | upcase }}", ("owner",)),
        ("{% if title %}{{ title }}{% endif %}{{ industry }}", ("industry",)),
        ("{{ title | default: industry }}", ("industry",)),
    ],
)
def test_what_would_be_written_and_is_missing_is_named(source: str, names: Any) -> None:
    with pytest.raises(MissingVariables) as error:
        render(MessageTexts("Hi", source), context())
    assert error.value.names == names


def test_values_are_escaped_in_html_and_cannot_bring_scripts() -> None:
    values = context(bad='"><script>x</script>', link="javascript:alert(1)")
    html = '<p title="{{ bad }}">{{ company_name }}</p><a href="{{ link }}">x</a>{{ bad }}'
    assert render(MessageTexts(html=html), values).html == (
        '<p title="&quot;&gt;&lt;script&gt;x&lt;/script&gt;">Northwind &amp; Sons</p><a>x</a>'
        '"&gt;&lt;script&gt;x&lt;/script&gt;'
    )


def test_a_subject_stays_one_line() -> None:
    assert render(MessageTexts("Hi {{ a }}"), context(a="x\r\nBcc: y@z.example")).subject == "Hi x Bcc: y@z.example"


def test_choices_are_the_same_in_each_filling_in_text_and_html_and_differ_between_leads() -> None:
    texts = MessageTexts("{A|B}", "{Hi|Hello {{ first_name }}|{Hey|Hej}} {a|b}", "{Hi|Hello Maya|{Hey|Hej}} {a|b}")
    seen = set()
    for number in range(60):
        values = context()
        values.seed = str(number)
        message = render(texts, values)
        assert message == render(texts, values)
        assert message.body == message.html
        seen.add((message.subject, message.body))
    assert len(seen) > 12


def test_a_snippet_sees_the_variables_and_its_text_serves_html() -> None:
    texts = MessageTexts("", '{% render "sign" %}', '{% render "sign" %}', {"sign": Snippet("{{ first_name }}\n{a|a}")})
    message = render(texts, context())
    assert (message.body, message.html) == ("Maya\na", "Maya<br>\na")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("a\n\n{{ first_name", "Line 3: “{{” is not closed. Add “}}”."),
        ("{{ a b }}", "Line 1: This does not work"),
        ("{{ first_name | there }}", 'write {{ variable | default: "there" }}'),
        ("{{ first_name | dwncase }}", "Did you mean “downcase”?"),
        ("{% endif %}", "has no beginning"),
        ("{% include 'x' %}", "The tag “include” cannot be used"),
        ("{% raw %}{% endraw %}", "The tag “raw” cannot be used"),
        ("{a{% if x %}|b{% endif %}}", "within one choice"),
        ("{% break %}", "only possible in a loop"),
        ("{{ 1 | divided_by: 0 }}", "divide by 0"),
        ("{{ today | date: '%Q' }}", "“%Q” is no part of a date"),
        ('{% render "none" %}', "There is no snippet “none”"),
        ("{% render first_name %}", "in quotes"),
        ("{{ }}", "is empty"),
    ],
)
def test_an_error_names_the_line_and_what_to_do(source: str, says: str) -> None:
    with pytest.raises(TemplateError) as error:
        render(MessageTexts(body=source), context())
    assert says in str(error.value)


M = 1_000_000
GROWING = "{% assign a = 'aaaaaaaaaa' %}"
HOSTILE = {
    "a megabyte of braces": "{" * M,
    "unclosed outputs": "{{ " * 60_000,
    "unclosed tags": "{%" * 90_000,
    "unclosed comments": "{% comment %}" * 15_000,
    "raw without an end": "{% raw %}" * 20_000,
    "choices": "{|}" * 60_000,
    "braces within braces": "{" * 1_000 + "|" + "}" * 1_000,
    "conditions within conditions": "{% if a %}" * 2_000,
    "loops within loops": "{% for i in (1..1000) %}" * 3 + "x" + "{% endfor %}" * 3,
    "a loop over all numbers": "{% for i in (1..99999999999999999999) %}{% endfor %}",
    "much in a loop": "{% for i in (1..900) %}" + "{% if 1 == 1 %}{% endif %}" * 900 + "{% endfor %}",
    "a huge range joined": "{{ (1..5000000) | join }}",
    "chained replace": GROWING + "{% assign a = a | replace: 'a', a %}" * 20,
    "chained append": GROWING + "{% assign a = a | append: a %}" * 40,
    "huge numbers": "{{ 9999999999 " + "| times: 9999999999" * 40 + " }}",
    "a wide date": "{{ '2026-01-01' | date: '%999999999d' }}",
    "captures in a loop": "{% for i in (1..1000) %}{% capture a %}{{a}}"
    + "x" * 100_000
    + "{% endcapture %}{% endfor %}",
    "filters in a loop": "{% for i in (1..3000) %}{{ '" + "&" * 800 + "' | escape | escape | split: 'a' }}{% endfor %}",
    "brackets": "{{ a" + "[a" * 330 + "]" * 330 + " }}",
    "indexes of missing values": "{{ a" + "[b]" * 300 + " }}" + "{% break %}",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_templates_get_a_quick_error(source: str) -> None:
    start = process_time()
    with pytest.raises(TemplateError):
        render(MessageTexts(body=source), context())
    assert process_time() - start < 1


def test_no_attribute_of_python_is_reached() -> None:
    for source in ("{{ first_name.__class__ }}", "{{ today.year }}", "{{ custom.__class__.__mro__ }}", "{{ x.items }}"):
        with pytest.raises(MissingVariables):
            render(MessageTexts(body=source), context())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>lines</p>", "One\n\nTwo\nlines"),
        ('<a href="https://a.example/x?b=1&amp;c=2">Book</a>', "Book (https://a.example/x?b=1&c=2)"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ("<ul><li>a</li><li><p>b</p></li></ul>", "- a\n\n- b"),
        ("<style>p{}</style>x &lt; y<script>z</script>", "x < y"),
        ('<img src="cid:x" alt="Logo"><table><tr><td>a</td><td>b</td></tr></table>', "Logo\n\na b"),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert text_of(html) == text


def test_html_that_runs_or_covers_the_page_is_removed() -> None:
    html = (
        '<form><input></form><p style="position:fixed;color:red" onclick=x()>a</p><img src="data:x"><iframe></iframe>'
    )
    assert clean(html) == '<p style="color:red">a</p><img>'
