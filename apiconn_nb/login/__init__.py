"""Logins that finish wherever the kernel runs: an engine without a screen.

Where to look::

    engine         begins a login: which way back, one for each collection and environment
    place          where the kernel runs, and the way back that ``auto`` takes (a pure function)
    redirect       which redirect URL, and the exact one to register
    underway       a login's life: its thread, its state, what it says of itself
    code, device   the ways back; paste reads what a person copied
    transaction    state and verifier, and whether an answer belongs to them
    receiver       the two routes on 127.0.0.1; sockets and pages below it
    jupyter        the notebook's own address, learnt by a bounce
    logout         forget and revoke
    doctor         --debug: the flow step by step, and the one setting that does not fit (faults)
"""

from apiconn_nb.login.engine import login_of, redirect_to_register, start_login
from apiconn_nb.login.logout import logout
from apiconn_nb.login.underway import Login

__all__ = ["Login", "login_of", "logout", "redirect_to_register", "start_login"]
