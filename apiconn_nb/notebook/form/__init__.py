"""The form of a collection: set up, sign in and test without writing a line.

It is made from the fields that the methods declare, and knows none of them by name. Loaded when a form is first opened.

Where to look::

    window         the page, and what it does when it is touched       opened      one form for each collection
    head           name, base URL, environment, authentication        start       from a preset
    fields_box     fields in their order, twins, what is folded        checks      what is wrong, and beside which field
    controls, secret_control, rows    one control for each kind of field
    secret_field   the field whose value is in no widget's state       frame       what else runs in the browser
    draft, group   values typed over those of the file                changes     the file changed meanwhile
    buttons, signing, redirect, said                                  what they do and say
    calls, call_editor, call_fields                                   the saved calls; one; what it has
    parts, fold, turns                                                made once, closed again; one thread at a time
"""
