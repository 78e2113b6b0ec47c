"""Who is in a segment, written down a second time in plain Python over lists of events."""

from __future__ import annotations

import datetime as dt
from typing import Any

START = dt.date(2024, 3, 1)


def local_day(stamp: dt.datetime, zone: dt.tzinfo) -> dt.date:
    return stamp.replace(tzinfo=dt.UTC).astimezone(zone).date()


def matches(event: dict[str, Any], selector: dict[str, Any], person: dict[str, Any]) -> bool:
    if selector["event"] is not None and event["event_name"] != selector["event"]:
        return False
    for name, values in selector["where"].items():
        value = event.get(name) if name in event else person.get(name)
        if value is None or str(value) not in values:
            return False
    return True


def within(day: dt.date, window: dict[str, Any], as_of: dt.date) -> bool:
    if day > as_of:
        return False
    if window["kind"] == "last":
        return (as_of - day).days < window["days"]
    if window["kind"] == "between":
        return window["first"] <= day.isoformat() <= window["last"]
    return True


def holds(rule: dict[str, Any], user: str, person: dict[str, Any], events: list[dict[str, Any]], **about: Any) -> bool:
    """events: of this person. about: as_of (date), zone, lists {hash: ids}, insights {name: ids}."""
    inner = [holds(item, user, person, events, **about) for item in rule.get("rules", [])]
    as_of, zone = about["as_of"], about["zone"]
    days = [day for event in events if (day := local_day(event["event_time"], zone)) <= as_of]
    match rule["kind"]:
        case "all":
            return all(inner)
        case "any":
            return any(inner)
        case "not":
            return not holds(rule["rule"], user, person, events, **about)
        case "did":
            count = sum(
                matches(event, rule["event"], person)
                and within(local_day(event["event_time"], zone), rule["window"], as_of)
                for event in events
            )
            compare = {"at_least": count >= rule["times"], "at_most": count <= rule["times"]}
            return compare.get(rule["compare"], count == rule["times"])
        case "seen":
            if rule["which"] == "first" and person.get("signup_time"):
                days.append(local_day(person["signup_time"], zone))
            if not days or min(days) > as_of:
                return False
            ago = (as_of - (min(days) if rule["which"] == "first" else max(days))).days
            return ago >= rule["days"] if rule["compare"] == "at_least" else ago <= rule["days"]
        case "list":
            return user in about["lists"][rule["list"]]
        case "insight":
            return user in about["insights"](rule)
        case "property":
            return property_holds(rule, person.get(rule["name"]), zone)
    raise AssertionError(rule)


def property_holds(rule: dict[str, Any], value: Any, zone: dt.tzinfo) -> bool:
    wanted = rule["values"]
    match rule["test"]:
        case "missing":
            return value is None
        case "is" | "is_not":
            if isinstance(value, bool):
                same = str(value).lower() in [text.lower() for text in wanted]
            elif isinstance(value, float):
                same = value in [float(text) for text in wanted if text]
            else:
                same = (value or "") in wanted
            same = same or (value is None and "" in wanted)
            return same == (rule["test"] == "is")
        case "contains":
            return value is not None and wanted[0].lower() in value.lower()
        case "at_least":
            return value is not None and value >= float(wanted[0])
        case "at_most":
            return value is not None and value <= float(wanted[0])
    if value is None:
        return False
    day = local_day(value, zone).isoformat()
    return day < wanted[0] if rule["test"] == "before" else day > wanted[0]
