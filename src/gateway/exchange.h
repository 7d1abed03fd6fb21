/*
 * gateway/exchange: one request and all done to answer it.
 *
 * The life of a request is the enum below; who moves it on is one function a state. Everything of
 * it lives in its arena, the exchange itself too, and goes when the record is closed.
 */
/*~ The tour of the code goes on here from main.c: read the states, then begin.c and stages.c (the
 * request's way in), request.c (what is sent to the provider), relay.c (the answer's way back) and
 * record/record.h (what is left of it). */
#ifndef GW_GATEWAY_EXCHANGE_H
#define GW_GATEWAY_EXCHANGE_H

#include "gateway/gateway.h"
#include "gateway/reply.h"
#include "gateway/request.h"
#include "record/record.h"
#include "wire/json_scan.h"
#include "wire/sse_tap.h"

struct gw_multipart;
struct gw_inflate;
struct gw_sse_drop;
struct gw_managed;   /* attempt.h */
struct gw_translate; /* translate.h */
struct gw_edited;    /* patch.h */
struct gw_fetch;     /* fetch.h */

enum gw_exchange_state {
    GW_EX_READING,   /* head read, model not known yet; leaves in stages.c: take_model() */
    GW_EX_RESOLVING, /* finding the provider, or waiting before the next attempt; leaves in stages.c:
                        resolve() and attempt.c: start() */
    GW_EX_FETCHING,  /* getting images for the attempt in hand, whose body is whole; goes back to
                        RESOLVING in fetch.c: go_on() */
    GW_EX_LEASING,   /* waiting for a connection; leaves in stages.c: on_ready(), or goes back from
                        relay.c: on_fail() */
    GW_EX_WAITING,   /* request on its way, maybe whole; no byte of an answer has left; leaves in
                        relay.c: commit(), or goes back from on_head() and on_fail() */
    GW_EX_RELAYING,  /* answer on its way back; leaves in relay.c: on_end() */
    GW_EX_DONE,      /* recorded; the arena goes */
    GW_EX_STATES     /* must stay last */
};

/* How the answer's body goes to the caller. */
enum gw_body_out {
    GW_OUT_AS_IS,   /* by its length, none, or until the connection closes */
    GW_OUT_RAW,     /* in the provider's chunks */
    GW_OUT_CHUNKING /* in chunks made here: the provider's body ends with its connection */
};

struct gw_exchange {
    struct gw_arena arena; /* holds this very struct */
    struct gw_site *site;
    struct gw_down *down; /* NULL once it has been ended or is gone */
    struct gw_up *up;     /* NULL outside of LEASING (from the lease on), WAITING and RELAYING */
    const struct gw_endpoint *endpoint; /* NULL: answered before it was known */
    enum gw_exchange_state state;
    enum gw_caller caller;

    /* The request. */
    struct gw_forward forward;  /* what goes upstream */
    struct gw_json_scan scan;   /* JSON bodies */
    struct gw_multipart *form;  /* form bodies */
    struct gw_inflate *inflate; /* bodies that came compressed */
    struct gw_str in_hand;      /* the piece that is being looked at; empty outside of that */
    bool suspected;             /* there may be something to change in it: patch.h */
    struct gw_edited *edited;   /* what was changed for the attempt in hand; NULL: nothing */
    bool body_whole;            /* its last byte has been read */

    /* Where it goes. */
    const struct gw_provider_config *provider;
    struct gw_timeouts timeouts;
    struct gw_managed *managed;     /* NULL: passthrough */
    enum gw_model_api api;          /* of a passthrough model */
    struct gw_translate *translate; /* NULL: the provider speaks the caller's dialect */
    struct gw_fetch *fetch;         /* NULL: nothing had to be fetched */
    struct gw_sse_drop *meter;      /* NULL: usage was not asked for here: meter.h */
    bool resent;                    /* once, after a stale connection */
    bool wants_whole;               /* nothing is sent before the body is whole */
    bool strict;                    /* the caller wants nothing dropped */

    /* The answer. */
    struct gw_sse_tap tap;
    struct gw_str held_head; /* of an answer that waits to be whole before it is begun */
    struct gw_buf held_body;
    enum gw_body_out out;
    bool head_composed, head_sent, holding, is_stream, bodiless, keep;
    bool metered; /* an event may have to be left out: meter.h */

    uint64_t charged_ns; /* up to when gw_exchange_charge() has counted */
    struct gw_record record;
};

/* NULL when out of memory. Opens the record and retains the site. */
struct gw_exchange *gw_exchange_create(struct gw_gateway *gateway, struct gw_down *down);

/* The only way to another state; asserts that the table allows it. */
void gw_exchange_move(struct gw_exchange *ex, enum gw_exchange_state to);

/* Closes the record and frees everything. The connection downstream must be taken care of before or
 * after by the caller; the one upstream is cancelled if there is still one. */
void gw_exchange_finish(struct gw_exchange *ex);

/* Answers with an error, before anything else was answered, and ends the exchange. */
void gw_exchange_fail(struct gw_exchange *ex, enum gw_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Answers with a whole body and ends the exchange. @param fields  further header lines, each with
 * its CRLF */
void gw_exchange_answer(struct gw_exchange *ex, unsigned status, struct gw_str content_type,
                        struct gw_str fields, struct gw_str body);

/* Header lines that every answer carries: request ids, traceparent, and which target it is of, each with
 * its CRLF. */
#define GW_OWN_FIELDS_BYTES_MAX 1280u
size_t gw_exchange_own_fields(const struct gw_exchange *ex, char into[GW_OWN_FIELDS_BYTES_MAX]);

/* A provider's stream has begun: into the record. It may be the second one: the first may have ended before its
 * first byte. */
void gw_exchange_stream_began(struct gw_exchange *ex);

/* Adds the time since this turn's events came to what the exchange cost here. Call it where a
 * callback ends. */
void gw_exchange_charge(struct gw_exchange *ex);

static inline struct gw_gateway *gw_exchange_gateway(const struct gw_exchange *ex)
{
    return ex->site->gateway;
}

static inline const struct gw_config *gw_exchange_config(const struct gw_exchange *ex)
{
    return ex->site->snapshot->config;
}

/* begin.c: the handler of the gateway's listener. */
extern const struct gw_server_handler gw_gateway_handler;
/* relay.c: the handler of its upstream connections. */
extern const struct gw_up_handler gw_relay_handler;
/* relay.c: the caller has read what was sent; goes on with the answer. */
void gw_relay_resume(struct gw_exchange *ex);

/* relay.c: a lost request, as the caller, the record and the metrics are told. */
struct gw_loss_told {
    enum gw_fault fault;
    enum gw_error_type type;
    enum gw_outcome outcome;
};
const struct gw_loss_told *gw_relay_told(enum gw_up_fault fault);
/* What happened, in words; and into the record. */
void gw_relay_describe_loss(struct gw_exchange *ex, const struct gw_up_loss *loss, char *into,
                            size_t room);
#define GW_LOSS_BYTES (GW_ERR_MESSAGE_BYTES + 64u)
/* The caller has seen nothing yet. */
void gw_relay_fail_lost(struct gw_exchange *ex, enum gw_fault fault, const char *what);
/* May the request go out once more, on another connection? Only when it certainly does nothing twice. */
bool gw_relay_may_resend(const struct gw_exchange *ex, const struct gw_up_loss *loss);

#endif
