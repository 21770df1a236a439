"""Turns the API's description (OpenAPI) into a page that needs no script: every route, what it takes and what it gives.

Knows nothing of any route: what stands in the description is what is shown.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import cast

from bot.web.documents import site_page

Node = Mapping[str, object]
EXAMPLE = 'curl -s {site}/api/chat -H "Content-Type: application/json" -d \'{{"question": "Is the SCO a military bloc?"}}\''


def api_page(description: Node, site: str, theme: str = "") -> str:
    """Return the page of *description*, whose example asks the server at *site*."""
    routes = [
        (path, method, cast(Node, route))
        for path, methods in cast("Mapping[str, Node]", description["paths"]).items()
        for method, route in methods.items()
    ]
    about = cast("Mapping[str, str]", description["info"])["description"]
    schemas = cast("Mapping[str, Node]", cast(Node, description["components"])["schemas"])
    main = (
        f"<h1>The API</h1><p>{escape(about)}</p><pre>{escape(EXAMPLE.format(site=site))}</pre>"
        '<p>For programs: <a href="./openapi.json">openapi.json</a></p>'
        f"<h2>Routes</h2>{''.join(_route(*route) for route in routes)}"
        f"<h2>Forms</h2>{''.join(_form(name, schema) for name, schema in sorted(schemas.items()))}"
    )
    return site_page("The API", main, theme)


def _route(path: str, method: str, route: Node) -> str:
    said = escape(f"{route.get('description', '')}")
    body = _of_content(cast(Node, route.get("requestBody", {})))
    takes = f"<p>Takes {body}</p>" if body else ""
    parameters = "".join(_parameter(one) for one in cast("list[Node]", route.get("parameters", [])))
    answers = "".join(
        f"<tr><th>{escape(status)}</th><td>{escape(str(answer['description']))} {_of_content(answer)}</td></tr>"
        for status, answer in cast("Mapping[str, Node]", route["responses"]).items()
    )
    title = f"{method.upper()} {escape(path)}"
    return f"<section><h3>{title}</h3><p>{said}</p>{takes}<table><tbody>{parameters}{answers}</tbody></table></section>"


def _parameter(parameter: Node) -> str:
    return f"<tr><th>{escape(str(parameter['name']))}</th><td>in the {escape(str(parameter['in']))}: {_type(parameter['schema'])}</td></tr>"


def _of_content(holder: Node) -> str:
    """Return the forms of a body or response, a media type each."""
    content = cast("Mapping[str, Node]", holder.get("content", {}))
    return ", or ".join(f"{escape(media)} {_type(one['schema'])}".strip() for media, one in content.items() if "schema" in one)


def _form(name: str, schema: Node) -> str:
    fields = cast("Mapping[str, Node]", schema.get("properties", {}))
    rows = "".join(_field(field, one, schema) for field, one in fields.items())
    said = escape(f"{schema.get('description', '')}")
    return f'<section><h3 id="{escape(name)}">{escape(name)}</h3><p>{said}</p><table><tbody>{rows}</tbody></table></section>'


def _field(name: str, one: Node, schema: Node) -> str:
    required = name in cast("list[str]", schema.get("required", []))
    said = "; ".join(part for part in ("required" * required, escape(str(one.get("description", "")))) if part)
    return f"<tr><th>{escape(name)}</th><td>{_type(one)}{f' — {said}' if said else ''}</td></tr>"


def _type(schema: object) -> str:
    """Return the type of a value in words, with links to the forms below."""
    node = cast(Node, schema)
    if "$ref" in node:
        name = escape(str(node["$ref"]).rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(_type(one) for one in cast("Iterable[object]", node["anyOf"])))
    if "enum" in node:
        return " or ".join(f"“{escape(str(value))}”" for value in cast("Iterable[object]", node["enum"]))
    if "const" in node:
        return f"“{escape(str(node['const']))}”"
    if node.get("type") == "array":
        return f"list of {_type(node['items'])}"
    return escape(str(node.get("type", "")))
