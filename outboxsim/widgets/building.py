"""Builder, for admins: what connectors, patterns and access are now, and changing them (spec/outbox.md C1, B1 to B3, P3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from outboxsim.engine.glance import connectors_now, settings_now
from outboxsim.errors import QuantityError, ScenarioInvalid
from outboxsim.outbox import Reason, Refused
from outboxsim.quantities import parse_duration
from outboxsim.scenario.readers import is_smtp_reply
from outboxsim.widgets.builder_changes import Changes
from outboxsim.widgets.builder_words import BuilderWords, latency_text, share_text
from outboxsim.widgets.building_access import AccessRights
from outboxsim.widgets.building_patterns import Patterns
from outboxsim.widgets.desktop import Desktop, Handler, Malformed, Message
from outboxsim.widgets.nodes import Element
from outboxsim.widgets.pattern_choice import Misread, raw_value
from outboxsim.widgets.saving import Saving
from outboxsim.widgets.screens.builder import TABS, BuilderState, ConnectorCard, builder_screen
from outboxsim.widgets.screens.builder_forms import DURATIONS, KINDS, OutageForm, SettingsForm

if TYPE_CHECKING:
    from outboxsim.engine.glance import ConnectorNow
    from outboxsim.scenario import FailureShare

_SETTINGS: Final = ("latency", "transient_failure", "permanent_failure")


class Building:
    """The part of the page that is Builder; who is no admin sees none of it, and forged gestures are refused (P3).

    Parameters
    ----------
    desktop
        The page.
    folder
        Where exported scenario files are saved; None is the folder in which the notebook runs.
    """

    def __init__(self, desktop: Desktop, folder: Path | None = None) -> None:
        self._desktop = desktop
        self._tab = TABS[0]
        self._connector: str | None = None
        self._changes = Changes(desktop)
        self._patterns = Patterns(desktop, self._changes)
        self._access = AccessRights(desktop, self._changes)
        self._saving = Saving(desktop, folder)

    def handlers(self) -> Mapping[str, Handler]:
        """What is done about which gesture; all of it for admins alone."""
        handlers: dict[str, Handler] = {
            "builder.tab": self._open_tab,
            "builder.enable": lambda message: self._switch("enable", message),
            "builder.disable": lambda message: self._switch("disable", message),
            "builder.choose": self._choose,
            "builder.outage": self._begin_outage,
            "builder.settings": self._change_settings,
            "builder.common": self._change_common,
            **self._patterns.handlers(),
            **self._access.handlers(),
            **self._saving.handlers(),
        }
        return {name: self._for_admins(handler) for name, handler in handlers.items()}

    def _for_admins(self, handler: Handler) -> Handler:
        def authorised(message: Message) -> None:
            desktop = self._desktop
            if not desktop.session.is_admin(desktop.user):
                raise Refused(Reason.NOT_ADMIN, f"Builder is for administrators only ({Reason.NOT_ADMIN})")
            handler(message)

        return authorised

    # Which part is shown

    def _open_tab(self, message: Message) -> None:
        if message.text() not in TABS:
            raise Malformed(f"{message.text()!r} is no part of Builder")
        self._tab = message.text()

    def _known(self, message: Message) -> str:
        connector = message.text()
        if connector not in self._desktop.session.scenario.connectors:
            raise Malformed(f"there is no connector {connector!r}")
        return connector

    def _choose(self, message: Message) -> None:
        connector = self._known(message)
        self._connector = None if self._connector == connector else connector
        self._changes.forget()
        self._patterns.forget()

    # Connectors

    def _switch(self, verb: str, message: Message) -> None:
        connector, words = self._known(message), self._desktop.words
        self._changes.act(verb, connector)
        if verb == "enable":
            self._desktop.announce(words("{connector} is enabled now.", connector=connector))
        else:
            self._desktop.announce(words("{connector} is disabled now.", connector=connector))

    def _begin_outage(self, message: Message) -> None:
        connector, words = self._known(message), self._desktop.words
        kind, duration, error = message.entry("kind"), message.entry("duration"), message.entry("error").strip()
        if kind not in KINDS or duration not in DURATIONS:
            raise Malformed("no kind of outage, or no duration")
        errors: dict[str, str] = {}
        lasts = self._lasts(duration, message.entry("other").strip(), errors)
        if kind == "reject" and not is_smtp_reply(error):
            errors["error"] = words("A server that answers needs an SMTP reply, such as 451 4.3.0 try later")
        if not self._changes.is_wrong(f"outage {connector}", errors):
            self._changes.act("outage", connector, duration=lasts, kind=kind, error=error or None)
            self._desktop.announce(words("{connector} is down now.", connector=connector))

    def _lasts(self, choice: str, other: str, errors: dict[str, str]) -> int | None:
        """How long the outage lasts in microseconds; None until the run ends."""
        words = self._desktop.words
        if choice == "end":
            return None
        try:
            lasts = parse_duration(other if choice == "other" else choice)
        except QuantityError as problem:
            told = words("This is no duration; write for example 45 min or 1 h 30 min")
            errors["other"] = str(problem) if words.language == "en" else told
            return None
        if lasts == 0:
            errors["other"] = words("An outage lasts longer than that")
        return lasts

    def _change_settings(self, message: Message) -> None:
        connector = self._known(message)
        now = self._now(connector)
        shares = {"transient_failure": now.transient, "permanent_failure": now.permanent}
        present = {"latency": latency_text(now.latency), **{name: share_text(share) for name, share in shares.items()}}
        texts = {name: message.entry(name).strip() for name in _SETTINGS}
        changed = {name for name in _SETTINGS if texts[name] != present[name]}
        if changed & shares.keys():
            changed |= shares.keys()  # they are looked at together
        settings: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for name in sorted(changed):
            try:
                value = raw_value(texts[name])
                settings[name] = _with_replies(value, shares[name]) if name in shares else value
                self._changes.read({"connectors": {connector: {name: settings[name]}}})
            except (Misread, ScenarioInvalid) as problem:
                errors[name] = self._changes.told(problem)
        whole = {"connectors": {connector: settings}} if settings else {}
        self._changes.apply(f"settings {connector}", whole, errors, last="permanent_failure")

    def _now(self, connector: str) -> ConnectorNow:
        return next(one for one in connectors_now(self._desktop.session.simulation) if one.name == connector)

    def _change_common(self, message: Message) -> None:
        common = settings_now(self._desktop.session.simulation)
        settings = {name: message.entry(name) for name in ("manual_retry", "on_enable")}
        changed = {name: value for name, value in settings.items() if value != getattr(common, name)}
        self._changes.apply("common", changed, {}, last="manual_retry")

    # Screen

    def screen(self) -> Element | None:
        """Builder; None for who is no admin."""
        desktop = self._desktop
        if not desktop.session.is_admin(desktop.user):
            return None
        texts = BuilderWords(desktop.words, desktop.session)
        parts: dict[str, Callable[[], BuilderState]] = {
            "connectors": lambda: self._connectors(texts),
            "retry": lambda: BuilderState("retry", pattern=self._patterns.form("", texts), common=texts.common()),
            "access": lambda: BuilderState("access", users=self._access.rows(texts), access=self._access.card()),
            "export": lambda: BuilderState("export", export=self._saving.card()),
        }
        return builder_screen(desktop.words, parts[self._tab]())

    def _connectors(self, texts: BuilderWords) -> BuilderState:
        waiting = texts.waiting(self._desktop.user)
        connectors = connectors_now(self._desktop.session.simulation)
        rows = [texts.connector_row(one, waiting[one.name]) for one in connectors]
        chosen = next((one for one in connectors if one.name == self._connector), None)
        return BuilderState("connectors", rows, None if chosen is None else self._card(chosen, texts))

    def _card(self, now: ConnectorNow, texts: BuilderWords) -> ConnectorCard:
        name = now.name
        history, older = texts.history(name)
        shares = share_text(now.transient), share_text(now.permanent)
        return ConnectorCard(
            name,
            OutageForm(name, texts.outage(now), self._changes.errors(f"outage {name}")),
            SettingsForm(name, latency_text(now.latency), *shares, self._changes.errors(f"settings {name}")),
            self._patterns.form(name, texts),
            history,
            older,
        )


def _with_replies(value: Any, present: FailureShare) -> Any:
    """A share alone keeps the replies that the server gives, if it gives any."""
    return value if isinstance(value, dict) or present.probability == 0 else {"probability": value, "errors": dict(present.errors)}
