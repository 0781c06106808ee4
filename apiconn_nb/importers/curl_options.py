"""curl's command line: which options there are, which take a value, and which say nothing about the request.

Source: curl's own ``--help all`` and https://curl.se/docs/manpage.html (8.x).
"""

from __future__ import annotations

from apiconn_nb.importers.draft import names_in


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHORT = {
    "a": "append", "E": "cert", "K": "config", "C": "continue-at", "b": "cookie", "c": "cookie-jar", "d": "data",
    "q": "disable", "D": "dump-header", "f": "fail", "F": "form", "P": "ftp-port", "G": "get", "g": "globoff",
    "I": "head", "H": "header", "h": "help", "0": "http1.0", "i": "include", "k": "insecure", "4": "ipv4", "6": "ipv6",
    "j": "junk-session-cookies", "l": "list-only", "L": "location", "M": "manual", "m": "max-time", "n": "netrc",
    ":": "next", "N": "no-buffer", "o": "output", "Z": "parallel", "#": "progress-bar", "x": "proxy", "U": "proxy-user",
    "p": "proxytunnel", "Q": "quote", "r": "range", "e": "referer", "J": "remote-header-name", "O": "remote-name",
    "R": "remote-time", "X": "request", "S": "show-error", "s": "silent", "Y": "speed-limit", "y": "speed-time",
    "2": "sslv2", "3": "sslv3", "t": "telnet-option", "z": "time-cond", "1": "tlsv1", "T": "upload-file",
    "B": "use-ascii", "u": "user", "A": "user-agent", "v": "verbose", "V": "version", "w": "write-out",
}  # fmt: skip

TAKES = _words(
    """abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to
    continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw data-urlencode
    delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech egd-file engine
    etag-compare etag-save expand-data expand-header expand-url expand-user expect100-timeout form form-string
    ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip
    header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key
    key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs
    max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass pinnedpubkey preproxy proto
    proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
    proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers
    proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer
    request request-target resolve retry retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5
    socks5-gssapi-service socks5-hostname speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max
    tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file url url-query
    user user-agent variable vlan-priority write-out"""
)

FLAGS = _words(
    """anyauth append basic ca-native cert-status compressed compressed-ssh create-dirs crlf digest disable disable-eprt
    disable-epsv disallow-username-in-url doh-cert-status doh-insecure fail fail-early fail-with-body false-start
    form-escape ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-control get globoff
    haproxy-protocol head http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length
    include insecure ipv4 ipv6 junk-session-cookies list-only location location-trusted mail-rcpt-allowfails manual
    metalink negotiate netrc netrc-optional next alpn buffer clobber keepalive npn progress-meter sessionid ntlm ntlm-wb
    parallel parallel-immediate path-as-is post301 post302 post303 progress-bar proxy-anyauth proxy-basic proxy-digest
    proxy-http2 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tlsv1
    proxytunnel raw remote-header-name remote-name remote-name-all remote-time remove-on-error retry-all-errors
    retry-connrefused sasl-ir show-error show-headers silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec
    ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2 sslv3 styled-output
    suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding
    trace-ids trace-time use-ascii verbose version xattr"""
)

# Output, logging, the connection's own business: the request and its answer are the same without them.
UNNEEDED = _words(
    """append basic buffer ca-native clobber compressed connect-timeout cookie-jar create-dirs create-file-mode disable
    dump-header etag-save expect100-timeout fail fail-early fail-with-body false-start globoff happy-eyeballs-timeout-ms
    help hsts alt-svc http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include
    ip-tos ipv4 ipv6 junk-session-cookies keepalive keepalive-cnt keepalive-time libcurl limit-rate location manual
    max-redirs alpn npn output output-dir parallel parallel-immediate parallel-max path-as-is progress-bar
    progress-meter proto proto-default proto-redir raw remote-header-name remote-name remote-name-all remote-time
    remove-on-error retry-all-errors retry-connrefused retry-delay retry-max-time sessionid show-error show-headers
    silent skip-existing speed-limit speed-time ssl ssl-allow-beast ssl-no-revoke ssl-reqd ssl-revoke-best-effort stderr
    styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tls-max tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3
    tr-encoding trace trace-ascii trace-config trace-ids trace-time use-ascii verbose version vlan-priority write-out
    xattr rate max-filesize form-escape disallow-username-in-url post301 post302 post303"""
)


def read_options(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """A command's words as pairs of long option and value, in order (a URL is ``("url", …)``), and what is unknown."""
    found: list[tuple[str, str]] = []
    unknown: list[str] = []
    at = 0
    only_urls = False
    while at < len(words):
        word = words[at]
        at += 1
        if only_urls or not word.startswith("-") or word == "-":
            if word.strip():
                found.append(("url", word))
        elif word == "--":
            only_urls = True
        elif word.startswith("--"):
            at = _long(word[2:], words, at, found, unknown)
        else:
            at = _short(word[1:], words, at, found, unknown)
    return found, unknown


def _long(name: str, words: list[str], at: int, found: list[tuple[str, str]], unknown: list[str]) -> int:
    name, equals, value = name.partition("=")
    known = _full_name(name)
    if known in TAKES:
        if equals:
            found.append((known, value))
            return at
        found.append((known, words[at] if at < len(words) else ""))
        return at + 1
    if known in FLAGS:
        found.append((known, ""))
    elif name.startswith("no-") and _full_name(name[3:]) in FLAGS:
        found.append((f"no-{_full_name(name[3:])}", ""))
    else:
        unknown.append("--" + (name if not names_in(name) else "…")[:40])
    return at


def _full_name(name: str) -> str:
    """The option that `name` is or begins, where it is the only one, as curl takes it."""
    if name in TAKES or name in FLAGS:
        return name
    matches = [each for each in (*TAKES, *FLAGS) if each.startswith(name)] if len(name) > 2 else []
    return matches[0] if len(matches) == 1 else name


def _short(letters: str, words: list[str], at: int, found: list[tuple[str, str]], unknown: list[str]) -> int:
    """A cluster such as ``-sSXPOST``: the first letter that takes a value takes the rest."""
    for place, letter in enumerate(letters):
        name = SHORT.get(letter)
        if name is None:
            unknown.append(f"-{letter}" if letter.isalnum() else "-…")
        elif name not in TAKES:
            found.append((name, ""))
        elif rest := letters[place + 1 :]:
            found.append((name, rest))
            return at
        else:
            found.append((name, words[at] if at < len(words) else ""))
            return at + 1
    return at
