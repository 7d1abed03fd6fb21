/*
 * tests: messages that two parsers could read in two ways, and what must become of each.
 * Read by smuggling_test.c (our verdict, at every cut) and llhttp_oracle_test.c (nothing looser
 * than another strict parser).
 */
#ifndef GW_TESTS_UNIT_WIRE_SMUGGLING_CASES_H
#define GW_TESTS_UNIT_WIRE_SMUGGLING_CASES_H

#include "unit/wire/http1_message.h"

struct smuggling_case {
    const char *label;
    enum message_kind kind;
    struct gw_str bytes;
    enum gw_status status;
    struct gw_str at; /* of a failure: where it is (first occurrence) */
    enum gw_http1_framing framing;
    const char *body, *rest; /* what the message holds; what is behind it */
};

/* Invalid at `at`; well-formed. */
#define BAD(label, kind, bytes, at)                                                                \
    {                                                                                              \
        label, kind, GW_STR_INIT(bytes), GW_INVALID, GW_STR_INIT(at), GW_BODY_NONE, NULL, NULL     \
    }
#define FINE(label, kind, bytes, framing, body, rest)                                              \
    {                                                                                              \
        label, kind, GW_STR_INIT(bytes), GW_OK, GW_STR_INIT(""), framing, body, rest               \
    }
#define POST "POST /v1 HTTP/1.1\r\nHost: a\r\n"
#define POST10 "POST /v1 HTTP/1.0\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define OK200 "HTTP/1.1 200 OK\r\n"

static const struct smuggling_case smuggling_cases[] = {
    /* Content-Length and Transfer-Encoding. */
    BAD("CL.TE", REQUEST, POST "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        "Transfer"),
    BAD("TE.CL", REQUEST,
        POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nA\r\n0\r\n\r\n",
        "Content"),
    BAD("CL.TE in a response", RESPONSE,
        OK200 "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", "Transfer"),
    BAD("TE.CL of 0", REQUEST,
        POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", "Content"),
    BAD("CL with TE: identity", REQUEST,
        POST "Content-Length: 1\r\nTransfer-Encoding: identity\r\n\r\nA", "Transfer"),

    /* Content-Length. */
    FINE("one length", REQUEST, POST "Content-Length: 2\r\n\r\nabGET", GW_BODY_LENGTH, "ab", "GET"),
    FINE("blanks around a length", REQUEST, POST "Content-Length: \t 2 \r\n\r\nab", GW_BODY_LENGTH,
         "ab", ""),
    FINE("no blank before a length", REQUEST, POST "Content-Length:2\r\n\r\nab", GW_BODY_LENGTH,
         "ab", ""),
    FINE("leading zeros", REQUEST, POST "Content-Length: 002\r\n\r\nab", GW_BODY_LENGTH, "ab", ""),
    FINE("no body", REQUEST, POST "\r\nGET", GW_BODY_NONE, "", "GET"),
    FINE("length 0", REQUEST, POST "Content-Length: 0\r\n\r\nGET", GW_BODY_LENGTH, "", "GET"),
    BAD("the same length twice", REQUEST, POST "Content-Length: 1\r\nContent-length: 1\r\n\r\nA",
        "Content-l"),
    BAD("two lengths", REQUEST, POST "Content-Length: 1\r\nContent-length: 2\r\n\r\nA",
        "Content-l"),
    BAD("two lengths, apart", REQUEST,
        POST "Content-Length: 1\r\nA: b\r\ncontent-length: 2\r\n\r\nA", "content-l"),
    BAD("two lengths in a response", RESPONSE,
        OK200 "Content-Length: 1\r\nContent-length: 2\r\n\r\nA", "Content-l"),
    BAD("plus", REQUEST, POST "Content-Length: +1\r\n\r\nA", "+1"),
    BAD("minus", REQUEST, POST "Content-Length: -1\r\n\r\nA", "-1"),
    BAD("list", REQUEST, POST "Content-Length: 1,1\r\n\r\nA", "1,1"),
    BAD("list with a blank", REQUEST, POST "Content-Length: 1, 1\r\n\r\nA", "1, 1"),
    BAD("trailing comma", REQUEST, POST "Content-Length: 1,\r\n\r\nA", "1,"),
    BAD("hexadecimal", REQUEST, POST "Content-Length: 0x1\r\n\r\nA", "0x1"),
    BAD("blank inside", REQUEST, POST "Content-Length: 1 1\r\n\r\nA", "1 1"),
    BAD("no digits", REQUEST, POST "Content-Length: \r\n\r\nA", "\r\n\r\nA"),
    BAD("fraction", REQUEST, POST "Content-Length: 1.0\r\n\r\nA", "1.0"),
    BAD("exponent", REQUEST, POST "Content-Length: 1e1\r\n\r\nA", "1e1"),
    BAD("underscore", REQUEST, POST "Content-Length: 1_0\r\n\r\nA", "1_0"),
    BAD("digits of another script", REQUEST, POST "Content-Length: \xd9\xa1\r\n\r\nA", "\xd9"),
    BAD("2^64", REQUEST, POST "Content-Length: 18446744073709551616\r\n\r\nA", "184"),
    BAD("2^64 + 1 with zeros", REQUEST, POST "Content-Length: 000018446744073709551617\r\n\r\nA",
        "0000"),
    BAD("vertical tab before a length", REQUEST, POST "Content-Length: \v1\r\n\r\nA", "\v"),
    BAD("form feed behind a length", REQUEST, POST "Content-Length: 1\f\r\n\r\nA", "\f"),
    BAD("NUL behind a length", REQUEST, POST "Content-Length: 1\0\r\n\r\nA", "\0"),

    /* Transfer-Encoding. */
    FINE("chunked", REQUEST, CHUNKED "1\r\nA\r\n0\r\n\r\nGET", GW_BODY_CHUNKED, "A", "GET"),
    FINE("chunked in capitals", REQUEST,
         POST "TRANSFER-ENCODING: CHUNKED\r\n\r\n1\r\nA\r\n0\r\n\r\n", GW_BODY_CHUNKED, "A", ""),
    BAD("identity", REQUEST, POST "Transfer-Encoding: identity\r\n\r\n", "identity"),
    BAD("chunked, identity", REQUEST, POST "Transfer-Encoding: chunked, identity\r\n\r\n",
        "chunked"),
    BAD("identity, chunked", REQUEST, POST "Transfer-Encoding: identity, chunked\r\n\r\n",
        "identity"),
    BAD("gzip, chunked", REQUEST, POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "gzip"),
    BAD("gzip, chunked in a response", RESPONSE, OK200 "Transfer-Encoding: gzip, chunked\r\n\r\n",
        "gzip"),
    BAD("gzip in a response", RESPONSE, OK200 "Transfer-Encoding: gzip\r\n\r\n", "gzip"),
    BAD("chunked, chunked", REQUEST, POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "chunked"),
    BAD("chunked twice", REQUEST,
        POST "Transfer-Encoding: chunked\r\nTransfer-encoding: chunked\r\n\r\n", "Transfer-e"),
    BAD("chunked, then identity", REQUEST,
        POST "Transfer-Encoding: chunked\r\nTransfer-encoding: identity\r\n\r\n", "Transfer-e"),
    BAD("xchunked", REQUEST, POST "Transfer-Encoding: xchunked\r\n\r\n", "xchunked"),
    BAD("chunkedx", REQUEST, POST "Transfer-Encoding: chunkedx\r\n\r\n", "chunkedx"),
    BAD("chunke", REQUEST, POST "Transfer-Encoding: chunke\r\n\r\n", "chunke"),
    BAD("chunked with a comma", REQUEST, POST "Transfer-Encoding: chunked,\r\n\r\n", "chunked,"),
    BAD("comma before chunked", REQUEST, POST "Transfer-Encoding: ,chunked\r\n\r\n", ",chunked"),
    BAD("chunked with a parameter", REQUEST, POST "Transfer-Encoding: chunked;a=b\r\n\r\n",
        "chunked;"),
    BAD("quoted", REQUEST, POST "Transfer-Encoding: \"chunked\"\r\n\r\n", "\"chunked"),
    BAD("empty coding", REQUEST, POST "Transfer-Encoding:\r\n\r\n", "\r\n\r\n"),
    BAD("blank before the colon", REQUEST, POST "Transfer-Encoding : chunked\r\n\r\n",
        " : chunked"),
    BAD("tab before the colon", REQUEST, POST "Transfer-Encoding\t: chunked\r\n\r\n",
        "\t: chunked"),
    BAD("vertical tab before chunked", REQUEST, POST "Transfer-Encoding: \vchunked\r\n\r\n", "\v"),
    BAD("vertical tab behind chunked", REQUEST, POST "Transfer-Encoding: chunked\v\r\n\r\n", "\v"),
    BAD("NUL behind chunked", REQUEST, POST "Transfer-Encoding: chunked\0\r\n\r\n", "\0"),
    BAD("NUL in the name", REQUEST, POST "Transfer\0-Encoding: chunked\r\n\r\n", "\0"),
    BAD("HTTP/1.0 with chunked", REQUEST, POST10 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer"),
    BAD("HTTP/1.0 response with chunked", RESPONSE,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer"),
    FINE("an underscore makes another name", REQUEST, POST "Transfer_Encoding: chunked\r\n\r\nG",
         GW_BODY_NONE, "", "G"),

    /* Line ends. */
    BAD("LF only", REQUEST, "GET / HTTP/1.1\nHost: a\n\n", "\nHost"),
    BAD("LF behind a field", REQUEST, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "\nX"),
    BAD("LF as the blank line", REQUEST, "GET / HTTP/1.1\r\nHost: a\r\n\nX", "\nX"),
    BAD("LF inside a value", REQUEST, POST "X: a\nTransfer-Encoding: chunked\r\n\r\n",
        "\nTransfer"),
    BAD("CR inside a value", REQUEST, POST "X: a\rTransfer-Encoding: chunked\r\n\r\n", "Transfer"),
    BAD("CR behind the start line", REQUEST, "GET / HTTP/1.1\rHost: a\r\n\r\n", "Host"),
    BAD("CR CR LF", REQUEST, POST "X: a\r\r\n\r\n", "\r\n\r\n"),
    BAD("CR as the blank line", REQUEST, POST "\rX", "X"),
    BAD("CR in the name", REQUEST, POST "X\r: a\r\n\r\n", "\r: a"),
    BAD("LF first", REQUEST, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "\nGET"),
    FINE("four empty lines first", REQUEST, "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
         GW_BODY_NONE, "", ""),
    BAD("five empty lines first", REQUEST, "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET"),
    BAD("CR first", REQUEST, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET"),
    BAD("empty line before a status line", RESPONSE, "\r\n" OK200 "Content-Length: 0\r\n\r\n",
        "\r\n"),
    BAD("LF behind the status line", RESPONSE, "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "\nC"),

    /* Folding. */
    BAD("folded value", REQUEST, POST "X: a\r\n b\r\n\r\n", " b"),
    BAD("folded with a tab", REQUEST, POST "X: a\r\n\tb\r\n\r\n", "\tb"),
    BAD("folded length", REQUEST, POST "Content-Length: 1\r\n 0\r\n\r\nA", " 0\r\n\r\n"),
    BAD("length only in the fold", REQUEST, POST "Content-Length:\r\n 1\r\n\r\nA", "\r\n 1"),
    BAD("folded chunked", REQUEST, POST "Transfer-Encoding:\r\n chunked\r\n\r\n", "\r\n chunked"),
    BAD("folded response", RESPONSE, OK200 "X: a\r\n b\r\n\r\n", " b"),
    BAD("blank before the first name", REQUEST, "GET / HTTP/1.1\r\n Host: a\r\n\r\n", " Host"),
    BAD("a line of blanks", REQUEST, POST " \r\nX: y\r\n\r\n", " \r\nX"),

    /* Names. */
    BAD("no name", REQUEST, POST ": a\r\n\r\n", ": a\r\n\r\n"),
    BAD("no colon", REQUEST, POST "Transfer-Encoding\r\n\r\n", "\r\n\r\n"),
    BAD("blank inside a name", REQUEST, POST "Content Length: 1\r\n\r\n", " Length"),
    BAD("parenthesis in a name", REQUEST, POST "X(: 1\r\n\r\n", "(: 1"),
    BAD("obs-text in a name", REQUEST, POST "X\xe9: 1\r\n\r\n", "\xe9"),
    BAD("DEL in a value", REQUEST, POST "X: a\x7f\r\n\r\n", "\x7f"),
    BAD("NUL in a value", REQUEST, POST "X: a\0b\r\n\r\n", "\0"),
    BAD("ESC in a value", REQUEST, POST "X: \033[2J\r\n\r\n", "\033"),
    FINE("obs-text in a value", REQUEST, POST "X: caf\xc3\xa9 \xff\r\n\r\n", GW_BODY_NONE, "", ""),
    FINE("tab in a value", REQUEST, POST "X: a\tb\r\n\r\n", GW_BODY_NONE, "", ""),
    FINE("empty value", REQUEST, POST "X:\r\nY: \t \r\n\r\n", GW_BODY_NONE, "", ""),

    /* Start lines. */
    BAD("HTTP/0.9", REQUEST, "GET /\r\n", "\r\n"),
    BAD("two blanks before the target", REQUEST, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", " / HTTP"),
    BAD("two blanks behind the target", REQUEST, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", " HTTP"),
    BAD("blank behind the version", REQUEST, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", " \r\n"),
    BAD("tab as a blank", REQUEST, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "\t/"),
    BAD("blank first", REQUEST, " GET / HTTP/1.1\r\nHost: a\r\n\r\n", " GET"),
    BAD("blank in the target", REQUEST, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "b HTTP"),
    BAD("lower case version", REQUEST, "GET / http/1.1\r\nHost: a\r\n\r\n", "http"),
    BAD("version with two digits", REQUEST, "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "0\r\n"),
    BAD("version without a dot", REQUEST, "GET / HTTP/11\r\nHost: a\r\n\r\n", "1\r\nHost"),
    BAD("another protocol's version", REQUEST, "GET / ICY/1.1\r\nHost: a\r\n\r\n", "ICY"),
    BAD("obs-text in the target", REQUEST, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "\xc3"),
    BAD("NUL in the target", REQUEST, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", "\0"),
    BAD("fragment", REQUEST, "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "#a"),
    BAD("path without a slash", REQUEST, "GET v1 HTTP/1.1\r\nHost: a\r\n\r\n", "v1"),
    BAD("empty target", REQUEST, "GET  HTTP/1.1\r\nHost: a\r\n\r\n", " HTTP"),
    BAD("authority-form", REQUEST, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "CONNECT"),
    BAD("CONNECT with a path", REQUEST, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT"),
    BAD("authority-form without CONNECT", REQUEST, "GET a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "a:443"),
    BAD("* without OPTIONS", REQUEST, "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "* "),
    BAD("*x", REQUEST, "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", "*x"),
    FINE("* with OPTIONS", REQUEST, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", GW_BODY_NONE, "", ""),
    BAD("TLS on a plain port", REQUEST, "\x16\x03\x01\x02", "\x16"),
    BAD("method with a colon", REQUEST, "GE:T / HTTP/1.1\r\nHost: a\r\n\r\n", ":T"),
    BAD("status code of two digits", RESPONSE, "HTTP/1.1 20 OK\r\n\r\n", " OK"),
    BAD("status code of four digits", RESPONSE, "HTTP/1.1 2000 OK\r\n\r\n", "0 OK"),
    BAD("status code 600", RESPONSE, "HTTP/1.1 600 OK\r\n\r\n", "600"),
    BAD("status code 099", RESPONSE, "HTTP/1.1 099 OK\r\n\r\n", "099"),
    BAD("signed status code", RESPONSE, "HTTP/1.1 +20 OK\r\n\r\n", "+20"),
    BAD("control byte in the reason", RESPONSE, "HTTP/1.1 200 O\x01K\r\n\r\n", "\x01"),

    /* Host and absolute-form. */
    BAD("no Host", REQUEST, "GET / HTTP/1.1\r\nX: y\r\n\r\nG", "\nG"),
    BAD("two Hosts", REQUEST, "GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n", "HOST"),
    BAD("the same Host twice", REQUEST, "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "host"),
    BAD("two Hosts on 1.0", REQUEST, "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", "host"),
    FINE("no Host on 1.0", REQUEST, "GET / HTTP/1.0\r\n\r\n", GW_BODY_NONE, "", ""),
    FINE("empty Host", REQUEST, "GET / HTTP/1.1\r\nHost:\r\n\r\n", GW_BODY_NONE, "", ""),
    BAD("Host with a path", REQUEST, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "a/b"),
    BAD("Host with a user", REQUEST, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "a@b"),
    BAD("Host with a blank", REQUEST, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "a b"),
    BAD("two hosts in one", REQUEST, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "a, b"),
    BAD("Host with a bad port", REQUEST, "GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", "a:8o"),
    FINE("absolute-form", REQUEST, "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", GW_BODY_NONE, "",
         ""),
    BAD("absolute-form without Host", REQUEST, "GET http://b/x HTTP/1.1\r\nX: y\r\n\r\nG", "\nG"),
    BAD("absolute-form with a user", REQUEST, "GET http://u@b/x HTTP/1.1\r\nHost: b\r\n\r\n",
        "u@b"),
    BAD("absolute-form without a host", REQUEST, "GET http:///x HTTP/1.1\r\nHost: b\r\n\r\n", "/x"),
    BAD("absolute-form with a query only", REQUEST, "GET http://b?x HTTP/1.1\r\nHost: b\r\n\r\n",
        "?x"),
    BAD("absolute-form of another scheme", REQUEST, "GET ftp://b/x HTTP/1.1\r\nHost: b\r\n\r\n",
        "ftp"),
    BAD("half a scheme", REQUEST, "GET http:/b HTTP/1.1\r\nHost: b\r\n\r\n", "http:"),
    BAD("a scheme that only begins so", REQUEST, "GET httpz://b/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "httpz"),

    /* Chunks. */
    FINE("two chunks", REQUEST, CHUNKED "1\r\nA\r\na\r\n0123456789\r\n0\r\n\r\n", GW_BODY_CHUNKED,
         "A0123456789", ""),
    FINE("sizes in capitals", REQUEST, CHUNKED "A\r\n0123456789\r\n0\r\n\r\n", GW_BODY_CHUNKED,
         "0123456789", ""),
    FINE("leading zeros of a size", REQUEST, CHUNKED "0001\r\nA\r\n00\r\n\r\nG", GW_BODY_CHUNKED,
         "A", "G"),
    FINE("sixteen digits", REQUEST, CHUNKED "0000000000000001\r\nA\r\n0000000000000000\r\n\r\n",
         GW_BODY_CHUNKED, "A", ""),
    BAD("seventeen digits", REQUEST, CHUNKED "00000000000000001\r\nA\r\n0\r\n\r\n", "1\r\nA"),
    BAD("size with 0x", REQUEST, CHUNKED "0x1\r\nA\r\n0\r\n\r\n", "x1"),
    BAD("size with a sign", REQUEST, CHUNKED "+1\r\nA\r\n0\r\n\r\n", "+1"),
    BAD("negative size", REQUEST, CHUNKED "-1\r\nA\r\n0\r\n\r\n", "-1\r\nA"),
    BAD("blank before a size", REQUEST, CHUNKED " 1\r\nA\r\n0\r\n\r\n", " 1\r\n"),
    BAD("blank behind a size", REQUEST, CHUNKED "1 \r\nA\r\n0\r\n\r\n", " \r\nA"),
    BAD("no size", REQUEST, CHUNKED "\r\nA\r\n0\r\n\r\n", "\r\nA"),
    BAD("no size but an extension", REQUEST, CHUNKED ";a\r\nA\r\n0\r\n\r\n", ";a"),
    BAD("size that is no number", REQUEST, CHUNKED "g\r\nA\r\n0\r\n\r\n", "g\r\n"),
    BAD("LF behind a size", REQUEST, CHUNKED "1\nA\r\n0\r\n\r\n", "\nA"),
    BAD("CR behind a size", REQUEST, CHUNKED "1\rA\r\n0\r\n\r\n", "A\r\n0"),
    BAD("LF behind the last size", REQUEST, CHUNKED "1\r\nA\r\n0\n\r\nG", "\n\r\nG"),
    BAD("LF behind the data", REQUEST, CHUNKED "1\r\nA\n0\r\n\r\n", "\n0"),
    BAD("CR behind the data", REQUEST, CHUNKED "1\r\nA\r0\r\n\r\n", "0\r\n\r\n"),
    BAD("more data than said", REQUEST, CHUNKED "1\r\nAB\r\n0\r\n\r\n", "B\r\n"),
    BAD("nothing behind the data", REQUEST, CHUNKED "1\r\nA0\r\n\r\n", "0\r\n\r\n"),
    BAD("two bytes that are no CRLF", REQUEST, CHUNKED "1\r\nAXX0\r\n\r\n", "XX"),
    FINE("extensions", REQUEST, CHUNKED "1;a=b\r\nA\r\n0;c\r\n\r\n", GW_BODY_CHUNKED, "A", ""),
    FINE("extension with quotes", REQUEST, CHUNKED "1;a=\"b;c\"\r\nA\r\n0\r\n\r\n", GW_BODY_CHUNKED,
         "A", ""),
    BAD("LF in an extension", REQUEST, CHUNKED "1;a\nA\r\n0\r\n\r\n", "\nA"),
    BAD("CR in an extension", REQUEST, CHUNKED "1;a\rbA\r\n0\r\n\r\n", "bA"),
    BAD("quoted CRLF in an extension", REQUEST, CHUNKED "1;a=\"\r\nAb\"\r\n0\r\n\r\n", "b\""),
    BAD("NUL in an extension", REQUEST, CHUNKED "1;\0\r\nA\r\n0\r\n\r\n", "\0"),
    FINE("trailers", REQUEST, CHUNKED "1\r\nA\r\n0\r\nX: y\r\nZ:\r\n\r\nG", GW_BODY_CHUNKED, "A",
         "G"),
    BAD("folded trailer", REQUEST, CHUNKED "0\r\nX: y\r\n z\r\n\r\n", " z"),
    BAD("LF behind a trailer", REQUEST, CHUNKED "0\r\nX: y\n\r\nG", "\n\r\nG"),
    BAD("LF as the last line", REQUEST, CHUNKED "0\r\n\nG", "\nG"),
    BAD("trailer without a name", REQUEST, CHUNKED "0\r\n: y\r\n\r\n", ": y"),
    BAD("blank before a trailer's colon", REQUEST, CHUNKED "0\r\nX : y\r\n\r\n", " : y"),
    BAD("control byte in a trailer", REQUEST, CHUNKED "0\r\nX: \x01\r\n\r\n", "\x01"),
    BAD("a request in the trailers", REQUEST, CHUNKED "0\r\nGET / HTTP/1.1\r\n\r\n", " / HTTP"),

    /* What has no body. */
    FINE("204 with a length", RESPONSE, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
         GW_BODY_NONE, "", "hello"),
    FINE("304 with a length", RESPONSE,
         "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/", GW_BODY_NONE, "", "HTTP/"),
    FINE("304 with chunked", RESPONSE,
         "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/", GW_BODY_NONE, "",
         "HTTP/"),
    FINE("100", RESPONSE, "HTTP/1.1 100 Continue\r\n\r\nHTTP/", GW_BODY_NONE, "", "HTTP/"),
    FINE("answer to HEAD", RESPONSE_TO_HEAD, OK200 "Content-Length: 5\r\n\r\nHTTP/", GW_BODY_NONE,
         "", "HTTP/"),
    FINE("chunked answer to HEAD", RESPONSE_TO_HEAD,
         OK200 "Transfer-Encoding: chunked\r\n\r\nHTTP/", GW_BODY_NONE, "", "HTTP/"),
};

#undef BAD
#undef FINE

#endif
