/*
 * model/ledger: what a translation dropped, clamped, rewrote or emulated: x-gateway-warnings (translation.md
 * §2.2).
 */
#ifndef GW_MODEL_LEDGER_H
#define GW_MODEL_LEDGER_H

#include "base/buf.h"
#include "base/str.h"

enum gw_ledger_action {
    GW_LEDGER_DROP,    /* the other side has no such thing */
    GW_LEDGER_CLAMP,   /* a value beyond what it takes */
    GW_LEDGER_REWRITE, /* said in another way */
    GW_LEDGER_EMULATE, /* made from something else */
    GW_LEDGER_ACTIONS  /* must stay last */
};

#define GW_LEDGER_ENTRIES_MAX 32u /* distinct ones; further ones are counted only */
#define GW_LEDGER_NAME_BYTES 48u

/* In the order of detection, without duplicates. Zero-initialise it. */
struct gw_ledger {
    struct {
        enum gw_ledger_action action;
        char name[GW_LEDGER_NAME_BYTES];
    } entries[GW_LEDGER_ENTRIES_MAX];
    unsigned count;
};

/* @param name  of the parameter as the caller calls it, or of the thing */
void gw_ledger_add(struct gw_ledger *ledger, enum gw_ledger_action action, struct gw_str name);

/* "drop:seed, rewrite:tool_history" */
enum gw_status gw_ledger_write(const struct gw_ledger *ledger, struct gw_buf *into);

/* Names that metrics count apart: the parameters and things there are. */
#define GW_LEDGER_NAMES 56u
/* GW_LEDGER_NAMES: another one, "other". */
unsigned gw_ledger_name_index(const char *name);
const char *gw_ledger_name(unsigned index);

/* "drop", … */
const char *gw_ledger_action_name(enum gw_ledger_action action);

#endif
