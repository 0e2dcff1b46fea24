"""The dialog in which an email is written, and its sending scheduled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from outboxsim.outbox import Priority
from outboxsim.widgets.nodes import Child, Element, element, gesture
from outboxsim.widgets.screens.controls import button, dialog
from outboxsim.widgets.screens.foreign import foreign, shown

if TYPE_CHECKING:
    from outboxsim.widgets.drafts import AttachmentDraft, Draft
    from outboxsim.widgets.words import Words

#: What a size is counted in, and how many bytes that is.
UNITS: Final[Mapping[str, int]] = {"B": 1, "kB": 1_000, "MB": 1_000_000}


@dataclass(frozen=True, slots=True)
class ComposeState:
    """What the dialog shows.

    Attributes
    ----------
    sender, address
        Who writes, and the address that the email will be from.
    problems
        What is wrong, by the name of the field; of the email as a whole under ``""``.
    work_items
        Those that may be chosen: reference and type.
    undo_window
        How long sending can be undone, in words; empty if it cannot.
    zone, now
        The time zone that scheduled times are in, and the present instant there.
    """

    sender: str
    address: str | None
    draft: Draft
    problems: Mapping[str, str]
    work_items: Sequence[tuple[str, str]]
    undo_window: str
    zone: str
    now: str


def compose_dialog(words: Words, state: ComposeState) -> Element:
    """The dialog."""
    form = element(
        "form",
        _problem_of_all(words, state),
        _sender(words, state),
        element("div", _recipients(words, state), class_="ob-columns"),
        element("div", _line(words("Subject"), "subject", state), class_="ob-columns"),
        element("div", _body(words, state), class_="ob-columns"),
        element("div", _priority(words, state), _work_item(words, state), class_="ob-columns"),
        _attachments(words, state),
        _when(words, state),
        _buttons(words, state),
        key="form",
        on={"input": gesture("compose.type"), "submit": gesture("compose.send")},
    )
    return dialog(words, "compose", words("New email"), form)


def _problem_of_all(words: Words, state: ComposeState) -> Element | None:
    """Said at once, as the fields' own messages are only read when the focus comes by."""
    if not state.problems:
        return None
    text = state.problems.get("") or words.many(
        "{count} field needs a correction.", "{count} fields need a correction.", len(state.problems)
    )
    return element("p", shown(text), key="problems", class_="ob-error", role="alert")


def _sender(words: Words, state: ComposeState) -> Element:
    address: Child = [" <", foreign(state.address), ">"] if state.address else None
    return element("p", element("span", words("From"), class_="ob-muted"), " ", foreign(state.sender), address, key="from")


def _recipients(words: Words, state: ComposeState) -> list[Element]:
    hint = words("Several addresses are separated by a comma or a semicolon.")
    return [
        _line(words("To"), "to", state, hint=hint, focus=True),
        _line(words("Cc"), "cc", state),
        _line(words("Bcc"), "bcc", state),
    ]


# Fields ---------------------------------------------------------------------------------------------------------------------------------


def _field(
    label: str, name: str, control: Mapping[str, Any], state: ComposeState, *children: Child, tag: str = "input", hint: str = ""
) -> Element:
    """A control with its label, its hint, and what is wrong with it."""
    problem = state.problems.get(name)
    described = [f"ob-compose-{name}-{part}" for part, text in (("hint", hint), ("problem", problem)) if text]
    return element(
        "div",
        element("label", label, for_=f"ob-compose-{name}"),
        element(
            tag,
            *children,
            key=name,
            id=f"ob-compose-{name}",
            name=name,
            aria_invalid="true" if problem else None,
            aria_describedby=" ".join(described) or None,
            **control,
        ),
        element("span", hint, id=f"ob-compose-{name}-hint", class_="ob-muted") if hint else None,
        element("span", shown(problem), id=f"ob-compose-{name}-problem", class_="ob-error") if problem else None,
        key=f"field-{name}",
        class_="ob-field",
    )


def _line(label: str, name: str, state: ComposeState, *, hint: str = "", focus: bool = False) -> Element:
    control = {"type": "text", "value": getattr(state.draft, name), "autocomplete": "off", "spellcheck": "false", "focus": focus or None}
    return _field(label, name, control, state, hint=hint)


def _body(words: Words, state: ComposeState) -> Element:
    return _field(words("Text"), "body", {"rows": 5, "cols": 90, "value": state.draft.body}, state, tag="textarea")


def _choice(label: str, name: str, chosen: str, choices: Sequence[tuple[str, str]], state: ComposeState) -> Element:
    options = [element("option", shown(text), key=value, value=value) for value, text in choices]
    return _field(label, name, {"value": chosen}, state, options, tag="select")


def _priority(words: Words, state: ComposeState) -> Element:
    choices = [(priority.word, words.priority(priority)) for priority in Priority]
    return _choice(words("Priority"), "priority", state.draft.priority, choices, state)


def _work_item(words: Words, state: ComposeState) -> Element:
    known = [(reference, f"{reference} ({words.work_item_type(kind)})") for reference, kind in state.work_items]
    return _choice(words("Work item"), "work_item", state.draft.work_item, [("", words("none")), *known], state)


# Attachments ----------------------------------------------------------------------------------------------------------------------------


def _attachments(words: Words, state: ComposeState) -> Element:
    """Training material needs no file, only how it is called and how big it is."""
    return element(
        "fieldset",
        element("legend", words("Attached files")),
        [_attachment(words, state, number, one) for number, one in enumerate(state.draft.attachments)],
        button(words("Add attachment"), gesture("compose.attach"), key="add"),
        key="attachments",
    )


def _attachment(words: Words, state: ComposeState, number: int, one: AttachmentDraft) -> Element:
    name = f"attachment-{number}"
    return element(
        "div",
        _field(words("Name"), f"{name}-name", {"type": "text", "value": one.name, "autocomplete": "off"}, state),
        _field(words("Size"), f"{name}-size", {"type": "text", "value": one.size, "size": 8, "autocomplete": "off"}, state),
        _choice(words("Unit"), f"{name}-unit", one.unit, [(unit, unit) for unit in UNITS], state),
        button(words("Remove"), gesture("compose.detach", number), aria_label=words("Remove attachment {number}", number=number + 1)),
        key=name,
        class_="ob-group",
    )


# When, and the end ----------------------------------------------------------------------------------------------------------------------


def _when(words: Words, state: ComposeState) -> Element:
    return element(
        "fieldset",
        element("legend", words("When to send")),
        _moment(words("At once"), "now", state),
        _moment(words("Schedule send"), "later", state),
        _send_at(words, state) if state.draft.when == "later" else _undo_hint(words, state),
        key="when",
    )


def _moment(label: str, value: str, state: ComposeState) -> Element:
    chosen = element("input", type="radio", name="when", value=value, checked=state.draft.when == value)
    return element("label", chosen, " ", label, key=value)


def _send_at(words: Words, state: ComposeState) -> Element:
    hint = words("Local time in {zone}; it is now {now}.", zone=state.zone, now=state.now)
    control = {"type": "datetime-local", "value": state.draft.send_at}
    return _field(words("Date and time"), "send_at", control, state, hint=hint)


def _undo_hint(words: Words, state: ComposeState) -> Element | None:
    if not state.undo_window:
        return None
    return element("p", words("You can undo sending for {duration}.", duration=state.undo_window), key="undo", class_="ob-muted")


def _buttons(words: Words, state: ComposeState) -> Element:
    send = words("Schedule send") if state.draft.when == "later" else words("Send")
    return element(
        "footer",
        element("button", send, key="send", type="submit", class_="ob-button ob-primary"),
        button(words("Close"), gesture("dialog.close"), key="close"),
        button(words("Discard"), gesture("compose.discard"), key="discard"),
        key="buttons",
        role="presentation",
    )
