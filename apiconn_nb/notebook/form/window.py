"""The form of one collection: its parts on one page, and what a press of each button does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from apiconn_nb import auth
from apiconn_nb.errors import ApiConnError
from apiconn_nb.fields import Field
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.form.checks import place
from apiconn_nb.notebook.form.draft import Draft
from apiconn_nb.notebook.form.fields_box import FieldsBox
from apiconn_nb.notebook.form.frame import STYLE, Frame
from apiconn_nb.notebook.form.head import EnvironmentControl, Head
from apiconn_nb.notebook.form.parts import Parts, toggle_class
from apiconn_nb.notebook.form.said import Message
from apiconn_nb.notebook.form.turns import Turns
from apiconn_nb.redaction import redact
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.workspace import Workspace
