/*
 * tools/reference: what its files share. Each page is one function; reference.c lists them.
 */
#ifndef GW_TOOLS_REFERENCE_H
#define GW_TOOLS_REFERENCE_H

#include "codec/codec.h"

#include <stdio.h>

/* The first line of a page. */
void reference_begin(FILE *out, const char *tables);

/* `text`; where there is none, "" and an error that names `of`. */
const char *reference_word(const char *text, const char *of);

/* What differs between two JSON texts, as the cell of a table: "`path`: `value`", one a line. */
void reference_difference(FILE *out, struct gw_str before, struct gw_str after);

/* `text` as code in a cell of a table. */
void reference_code(FILE *out, struct gw_str text);

/* reference_providers.c */
void reference_write_providers(FILE *out);
void reference_write_models(FILE *out);
void reference_write_failures(FILE *out);

/* reference_pair.c: what becomes of calls of `from` at providers that speak `to`. */
void reference_write_pair(FILE *out, enum gw_codec_id from, enum gw_codec_id to);

/* ---- reference_probes.c ---- */

/* A request or an answer: a small one, and one thing more in it. The last row has no `more`. */
struct reference_probe {
    const char *heading; /* of the rows that begin here; else NULL */
    const char *with;    /* members that both of the two have; or NULL */
    const char *more;    /* members of the second one; of two with one name the last one counts */
};

/* A dialect's least request, answer and stream, and what is tried with them. */
struct reference_probes {
    const char *title;                      /* "Chat Completions" */
    const char *request;                    /* without its last brace */
    const struct reference_probe *requests; /* as a caller of the dialect sends them */
    const char *answer;                     /* likewise */
    const struct reference_probe *answers;  /* as a provider of the dialect sends them */
    const char *stream;                     /* of a provider */
};
extern const struct reference_probes reference_probes[GW_CODECS];

/* Whom a request is for. Each is compared with an earlier one of its dialect; the first one of a dialect is
 * compared with nothing. */
struct reference_target {
    enum gw_codec_id codec;
    const char *provider; /* its profile; "" for any other */
    const char *model;
    const char *like;  /* model of the one that it is compared with */
    const char *words; /* who that is */
};
extern const struct reference_target reference_targets[];
extern const size_t reference_targets_count;

#endif
