/*
 * tests/wire/party: a client or an upstream of a script: one connection, played by hand.
 *
 * Nothing here blocks: a party reads only when a step waits for it (so that a slow reader can be
 * played), and whatever others still have to send goes on meanwhile. The HTTP read here is read
 * with other code than the gateway's.
 */
#ifndef GW_TESTS_WIRE_PARTY_H
#define GW_TESTS_WIRE_PARTY_H

#include "wire/match.h"

#define PARTY_DEADLINE_MS 5000

/* How the body ends that is being received. */
enum party_body {
    PARTY_NO_BODY, /* between messages */
    PARTY_LENGTH,
    PARTY_CHUNK_SIZE,
    PARTY_CHUNK_DATA,
    PARTY_CHUNK_END,
    PARTY_TO_CLOSE
};

struct party {
    struct gw_str name;
    bool upstream;
    int listener;                /* of an upstream; the owner's to close */
    int fd;                      /* -1: no connection */
    struct gw_buf out, in, body; /* to be sent; as read; of that the body, without its framing */
    enum party_body state;
    uint64_t left;
    bool asked_head;     /* its last request was HEAD: the answer has no body */
    bool send_chunked;   /* its last head says so */
    bool ended, reset;   /* what the peer did */
    struct gw_buf heard; /* everything that came, up to a limit: searched for secrets */
};

struct crowd {
    struct party *all;
    size_t count;
};

void party_init(struct party *party, struct gw_str name, int listener);
void party_finish(struct party *party);

bool party_connect(struct party *party, unsigned port, struct complaint *complaint);
/* Takes the next connection. */
bool party_accept(struct crowd *crowd, struct party *party, struct complaint *complaint);
/* Closes; `reset`: with an RST. */
void party_close(struct party *party, bool reset);
void party_half_close(struct party *party);

void party_send(struct party *party, struct gw_str bytes);
/* Sends what the kernels take now, for everybody, and waits until it has arrived. */
void crowd_settle(struct crowd *crowd);
/* Waits until all of the party's bytes are in the kernel. */
bool party_flush(struct crowd *crowd, struct party *party, struct complaint *complaint);
/* Reads what is there. */
void party_peek(struct party *party);

/* A whole message; of a head alone (`whole` false) the body is left. */
bool party_receive(struct crowd *crowd, struct party *party, const struct text *want, bool whole,
                   struct complaint *complaint);
/* The next bytes of the body, or of the connection when `raw`. */
bool party_receive_bytes(struct crowd *crowd, struct party *party, const struct text *want,
                         bool raw, struct complaint *complaint);
/* The end of the body, and nothing before it. */
bool party_receive_end(struct crowd *crowd, struct party *party, struct complaint *complaint);

enum party_end {
    PARTY_CLOSED, /* orderly, between messages */
    PARTY_RESET,
    PARTY_CUT /* within a body, one way or the other */
};
bool party_sees(struct crowd *crowd, struct party *party, enum party_end end,
                struct complaint *complaint);

#endif
