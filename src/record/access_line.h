/*
 * record/access_line: one exchange as one JSON line (telemetry.md §8); no I/O.
 *
 * Strings are valid UTF-8 afterwards whatever bytes callers sent, hold no control character, and
 * are cut with "…" at a limit of their own, so that a line always fits GW_ACCESS_LINE_MAX. The
 * query of a path is never written: it may hold a key.
 */
#ifndef GW_RECORD_ACCESS_LINE_H
#define GW_RECORD_ACCESS_LINE_H

#include "config/access_log_fields.h"
#include "record/record.h"

#define GW_ACCESS_LINE_MAX 16384u

/* @param fields  GW_ACCESS_BIT()s of the fields to write; those that are unknown of this exchange
 * are left out `ts` is the moment the exchange ended. `level` is "error" for a status from 500 on
 * and for an answer that broke off after its head was sent, else "info": what a caller got wrong is
 * no fault of the gateway.
 * @return length of the line, its newline included */
size_t gw_access_line_write(const struct gw_record *record, uint64_t fields,
                            char out[GW_ACCESS_LINE_MAX]);

#endif
