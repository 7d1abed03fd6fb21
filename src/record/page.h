/*
 * record/page: the letters of the page of metrics: names, labels between braces, values.
 *
 * All numbers are integers here (nanoseconds, bytes, counts), so no number depends on a locale or
 * loses digits. What is written is the business of expose.c.
 */
#ifndef GW_RECORD_PAGE_H
#define GW_RECORD_PAGE_H

#include "record/metrics.h"

struct gw_process;

/* A page that is being written, and what it is made of. */
struct gw_page {
    struct gw_metrics *metrics; /* locked */
    const struct gw_metrics_outside *outside;
    const struct gw_process *process;
    struct gw_buf *out;
    enum gw_status status; /* of the first write that failed; nothing is written behind it */
    bool openmetrics;
};

void gw_page_put(struct gw_page *page, struct gw_str bytes);
void gw_page_text(struct gw_page *page, const char *text);
void gw_page_u64(struct gw_page *page, uint64_t value);
/* As decimal seconds without trailing zeros. */
void gw_page_seconds(struct gw_page *page, uint64_t ns);
/* `value` between quotes: backslash, quote and newline escaped.
 * @param name  with what stands before it: "{code", ",model" */
void gw_page_label(struct gw_page *page, const char *name, struct gw_str value);
/* Closes the labels and the line. */
void gw_page_value(struct gw_page *page, uint64_t value);

/* A whole line without labels. */
void gw_page_sample(struct gw_page *page, const char *name, uint64_t value);
void gw_page_seconds_sample(struct gw_page *page, const char *name, uint64_t ns);

#endif
