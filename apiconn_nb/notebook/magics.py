"""The magics: each is a line that hands over to the room of its name, imported when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from apiconn_nb.notebook.tracebacks import without_frames_of_an_interrupt

if TYPE_CHECKING:
    from apiconn_nb.notebook.configuration import ApiConn


@magics_class
class ApiConnMagics(Magics):
    """``%apiconn_auth`` and ``%%apicall``."""

    def __init__(self, shell: Any, configuration: ApiConn) -> None:
        super().__init__(shell)
        self._configuration = configuration

    @no_var_expand
    @line_cell_magic
    @without_frames_of_an_interrupt
    def apiconn_auth(self, line: str, cell: str | None = None) -> Any:
        """Set up how a collection (a named API) proves who is calling, sign in, and test it.

        ::

            %apiconn_auth                                  the collections: base URL, method, environment, state
            %apiconn_auth NAME                             the form of NAME (in a terminal: its status)
            %apiconn_auth NAME METHOD --base-url URL --FIELD VALUE …     set up without the form
            %apiconn_auth NAME METHOD --help               the options of one method
            %apiconn_auth NAME --login [--via auto|loopback|jupyter|device|paste] [--wait] [--timeout S]
                                                           -p tenant=… fills [tenant] of the login URL
            %apiconn_auth NAME --status                    where it is, who is signed in, where each secret is kept
            %apiconn_auth NAME --test [--debug]            make the test call; --debug shows each exchange, redacted
            %apiconn_auth NAME --logout                    forget the tokens, revoke them where the provider can
            %apiconn_auth NAME --env live|development      choose the environment
            %apiconn_auth NAME --debug                     walk the way to a token, and name the setting that does not fit
            %apiconn_auth NAME --discover URL              look what the API says about its authentication
            %apiconn_auth NAME --preset PRESET             start from a provider's preset (-p tenant=… fills its variables)
            %apiconn_auth NAME --trust                     let an imported collection's credentials through
            %apiconn_auth NAME --delete                    take it out of apiconn.toml
            %%apiconn_auth NAME METHOD …                   below it, tables of apiconn.toml: calls, texts of several lines

        Methods: none, key-in-url, key-in-header, basic, oauth2-password, oauth2-user-agent, oauth2-custom-token, jwt,
        client-certificate, oauth2-client-credentials.

        Options are the method's fields with hyphens (--token-endpoint, --dev-client-id); checkboxes are --flag and
        --no-flag; rows repeat (--header NAME=VALUE, --query NAME=VALUE, --token-headers NAME=VALUE); JSON and PEM
        fields take the text in quotes or file:PATH.

        A secret is given as a reference, never as a value: env:NAME (the environment, then a .env file beside the
        notebook), keyring:SERVICE/USER, file:PATH, colab:NAME, or prompt (asks once).

        Example::

            %apiconn_auth github key-in-header --base-url https://api.github.com --key env:GITHUB_TOKEN --key-prefix "Bearer "
        """  # noqa: E501 -- a line that is typed as one line
        from apiconn_nb.notebook import auth_magic  # start-up cost: httpx and the methods

        return auth_magic.run(self.shell, line, self._configuration, cell)

    @no_var_expand
    @line_cell_magic
    @without_frames_of_an_interrupt
    def apicall(self, line: str, cell: str | None = None) -> Any:
        """Call an API and get a DataFrame.

        ::

            %%apicall NAME [-o VAR] [options]
            POST /orders/[order_id]/items?expand=price
            X-Trace: [trace]

            {"sku": <sku>, "note": "for <customer>"}

            %apicall NAME GET /users?limit=10              one line
            df = %apicall NAME.list_users -p limit=10      a saved call

        [name] in the path, in query values and in header values, and <name> in the body, are dynamic values: from -p,
        else the saved call's defaults, else (unsaved calls) the notebook's variables. They are put in by position and
        type and cannot change the request around them. [[ and << write the bracket itself.

        Options::

            -p, --param NAME=VALUE      a value; NAME:=JSON gives it a JSON type; a reference (env:NAME) is private
            -o, --out VAR               keep the result in VAR and show only the status line
            --as auto|frame|json|text|bytes|response
            --records PATH              where the rows are (JMESPath); else they are found
            --pages N|all               how many pages (default 1)
            --paginate KIND[:ARG]       where detection must be overruled
            --each FRAME                one call per row of a DataFrame (pandas; Dask: on its workers) or list of dicts;
                                        its columns are the values
            --keep COLUMN               a column to join to the result (default: those that the call uses); repeats
            --concurrency N             calls at a time (default 8)
            --resume                    go on with what an interrupt or error left out (no NAME needed)
            --partial                   what had arrived until then, as a frame; -o VAR gets it at once
            --cache TTL                 an answer may be so old: 30m, 1h, 2d; kept across restarts, for this account
            --fresh                     ask all the same, and keep the new answer
            --since last                the rows that are new (+), changed (~) and gone (−) since the last such call
            --key COLUMN,…              what tells rows apart for --since (default: id and its like)
            --save NAME                 save as a call of the collection
            --use-as data|action        data may be retried and paged; an action is sent exactly once
            --dry-run                   show the request, redacted, and send nothing
            --as-code TARGET            the call as a script that runs without apiconn_nb: httpx, requests, curl, dlt
            --timeout S  --retries N    for this call
            --explode PATH  --wide N  --no-dates
            --env live|development  --debug  -q
        """
        from apiconn_nb.notebook import call_magic  # start-up cost: httpx and pandas

        return call_magic.run(self.shell, line, cell)

    @no_var_expand
    @line_cell_magic
    @without_frames_of_an_interrupt
    def apiconn_import(self, line: str, cell: str | None = None) -> Any:
        """Make collections of what others wrote: cURL, OpenAPI, Swagger, Postman, Insomnia, Bruno, .http, …

        ::

            %apiconn_import FILE                    a file, or a folder (Bruno, OpenCollection)
            %apiconn_import -                       what was copied: asked for in a hidden field
            %%apiconn_import NAME                   what stands below, such as a browser's "Copy as cURL"
            curl https://api.example.org/users -H 'Accept: application/json'

        Options::

            --name NAME       the collection's name, else by its title or host
            --kind KIND       the format, where it is not recognised
            --replace         put it in the place of a collection of that name; else its calls are added to that one

        Secrets in the source are split out: they go to the OS keyring, else into this kernel's memory, and the file
        gets references. The report names each of them, and what could not be carried over. An imported collection is
        not trusted: its credentials go nowhere before %apiconn_auth NAME --trust, which shows where they would go.
        """
        from apiconn_nb.notebook import import_magic  # start-up cost: httpx and the importers

        return import_magic.run(self.shell, line, cell)

    @no_var_expand
    @line_magic
    @without_frames_of_an_interrupt
    def apiconn_export(self, line: str) -> Any:
        """Write a collection for other tools; no secret is in what is written.

        ::

            %apiconn_export NAME openapi [FILE]     an OpenAPI 3.1 document (JSON)
            %apiconn_export NAME http [FILE]        a .http file, and http-client.env.json where it is needed

        Without FILE it is shown. One call as a script: %apicall NAME.CALL --as-code httpx|requests|curl|dlt
        """
        from apiconn_nb.notebook import code_magic  # start-up cost: httpx and the exporters

        return code_magic.export(line)
