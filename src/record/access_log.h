/*
 * record/access_log: takes lines from the workers to a file or a pipe; nobody waits for that.
 *
 * Each worker has a ring of bytes that only it fills; one thread of the process empties them all.
 * About 1 MiB of lines is kept while the reader is slow (GW_ACCESS_LOG_BYTES, shared by the
 * workers, but at least GW_ACCESS_RING_BYTES_MIN each); then the newest are dropped and counted.
 * The thread is woken only when it sleeps with no line in sight or a ring is half full, so under
 * load a line costs no system call; a line is written at once when all was quiet, else within
 * GW_ACCESS_LOG_NAP_MS.
 *
 * Shared by threads: the rings (one writer, one reader each) and the descriptor handed over by a
 * reopening.
 */
#ifndef GW_RECORD_ACCESS_LOG_H
#define GW_RECORD_ACCESS_LOG_H

#include "base/err.h"
#include "base/str.h"

#define GW_ACCESS_LOG_BYTES ((size_t)1 << 20)
#define GW_ACCESS_RING_BYTES_MIN ((size_t)1 << 16)
#define GW_ACCESS_LOG_NAP_MS 10
#define GW_ACCESS_LOG_FLUSH_MS 1000

struct gw_access_log; /* opaque: see access_log.c */

/* Starts the writing thread.
 * @param path     "-": standard error; else a file (created, appended to) or a FIFO that somebody
 * reads; empty: nowhere yet, lines are dropped and counted
 * @param workers  how many threads will push, each with a number of its own below it */
enum gw_status gw_access_log_create(struct gw_str path, unsigned workers,
                                    struct gw_access_log **log_out, struct gw_err *err);

/* Writes what is left, for GW_ACCESS_LOG_FLUSH_MS at most, and frees all. No worker may push any
 * more. Accepts NULL. */
void gw_access_log_destroy(struct gw_access_log *log);

/* Takes a copy of `line`: at most 16 KiB, the last one its newline. Only from the thread that owns
 * `worker`.
 * @return false when there was no room: dropped, and counted */
bool gw_access_log_push(struct gw_access_log *log, unsigned worker, struct gw_str line);

/* Opens the path anew, or another one, and goes on there. No line is lost or written twice. From
 * one thread at a time. On failure the log goes on as before. */
enum gw_status gw_access_log_reopen(struct gw_access_log *log, struct gw_err *err);
enum gw_status gw_access_log_set_path(struct gw_access_log *log, struct gw_str path,
                                      struct gw_err *err);

/* Lines lost so far: no room, or an error when writing. Any thread. */
uint64_t gw_access_log_dropped(const struct gw_access_log *log);

#endif
