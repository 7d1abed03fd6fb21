/*
 * base/log: what the operator reads: one JSON object a line on stderr.
 *
 * For events of the process (start, reload, drain, faults); the access log is record/access_log.
 * One write(2) a line, so lines of several threads do not mix. The level is set once, before
 * threads start.
 */
#ifndef GW_BASE_LOG_H
#define GW_BASE_LOG_H

enum gw_log_level { GW_LOG_DEBUG, GW_LOG_INFO, GW_LOG_WARN, GW_LOG_ERROR };

void gw_log_level(enum gw_log_level least);

/* {"ts":…,"level":…,"msg":…}; the message is escaped and cut at 1,000 bytes. */
void gw_log(enum gw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
