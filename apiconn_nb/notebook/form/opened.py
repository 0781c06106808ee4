"""The forms that are open: one for each collection, shown wherever it is asked for."""

from __future__ import annotations

from typing import Any

from apiconn_nb import workspace
from apiconn_nb.errors import ApiConnError
from apiconn_nb.notebook import status
from apiconn_nb.notebook.form.window import Form
from apiconn_nb.settings import check_collection_name

_VIEW = "application/vnd.jupyter.widget-view+json"
_forms: list[Form] = []
_shells: list[Any] = []


class Shown:
    """A form as a cell's value: the widget where there is a front end for it, else the collection's status."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self._form.box.model_id}
        return {"text/plain": repr(self), _VIEW: view}

    def __repr__(self) -> str:
        name = self._form.draft.name
        try:
            return status.status(self._form.space.collection(name))
        except ApiConnError:
            return f"The form of {name}. Without a form: %apiconn_auth {name} METHOD --help"


def open_form(shell: Any, name: str, *, public_url: str = "") -> Shown:
    """The form of `name`: the one that is open already, with all that is typed into it, else a new one."""
    check_collection_name(name)
    space = workspace.current()
    for form in list(_forms):
        if form.is_closed or form.space is not space:
            form.close()
            _forms.remove(form)
    found = next((form for form in _forms if form.draft.opened_as == name), None)
    if found is None:
        found = Form(name, space, public_url=public_url)
        _forms.append(found)
    else:
        found.turns.leave_word()
    _follow_cells(shell)
    return Shown(found)


def close_all() -> None:
    """Close every form and its widgets."""
    for form in _forms:
        form.close()
    _forms.clear()
    for shell in _shells:
        shell.events.unregister("post_run_cell", _catch_up)
    _shells.clear()


def _follow_cells(shell: Any) -> None:
    """A cell may have changed a collection or its state: open forms show it when the cell has run."""
    if shell is not None and shell not in _shells:
        shell.events.register("post_run_cell", _catch_up)
        _shells.append(shell)


def _catch_up(result: Any = None) -> None:
    for form in _forms:
        form.turns.leave_word()
