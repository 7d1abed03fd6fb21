#include "http/http.h"

#include <stdlib.h>

struct gw_http_partial {
    struct gw_buf bytes;
    struct gw_http1_head head;
};

enum gw_status gw_http_init(struct gw_http *http, struct gw_loop *loop, struct gw_err *err)
{
    *http = (struct gw_http){.loop = loop};
    http->memory = malloc(GW_HTTP_HEADROOM + GW_HTTP_READ_BYTES);
    if (!http->memory)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a read buffer");
    return GW_OK;
}

void gw_http_finish(struct gw_http *http)
{
    free(http->memory);
    http->memory = NULL;
}

static enum gw_status feed(struct gw_http1_head *head, bool request, bool no_body, size_t bytes_max,
                           struct gw_str bytes, struct gw_err *err)
{
    if (request)
        return gw_http1_request_feed(head, bytes, bytes_max, err);
    return gw_http1_response_feed(head, bytes, bytes_max, no_body, err);
}

enum gw_status gw_http_head_feed(struct gw_http *http, struct gw_http_partial **partial,
                                 bool request, bool no_body, size_t bytes_max, struct gw_str bytes,
                                 const struct gw_http1_head **head_out, struct gw_str *bytes_out,
                                 struct gw_err *err)
{
    struct gw_http_partial *kept = *partial;
    enum gw_status status;

    if (!kept) {
        gw_http1_head_init(&http->head);
        status = feed(&http->head, request, no_body, bytes_max, bytes, err);
        *head_out = &http->head;
        *bytes_out = bytes;
        if (status != GW_AGAIN)
            return status;
        kept = malloc(sizeof *kept);
        if (!kept)
            return gw_err_set(err, GW_NO_MEMORY, "could not keep a part of a head");
        /* Bytes behind the head may come in the same read. */
        gw_buf_init(&kept->bytes, bytes_max + 2 * GW_HTTP_READ_BYTES);
        kept->head = http->head;
        *partial = kept;
    }
    status = gw_buf_add(&kept->bytes, bytes);
    if (status != GW_OK)
        return gw_err_set(err, status, "could not keep a part of a head");
    *bytes_out = gw_buf_str(&kept->bytes);
    *head_out = &kept->head;
    return feed(&kept->head, request, no_body, bytes_max, *bytes_out, err);
}

size_t gw_http_partial_len(const struct gw_http_partial *partial)
{
    return partial ? gw_buf_len(&partial->bytes) : 0;
}

void gw_http_partial_free(struct gw_http_partial *partial)
{
    if (!partial)
        return;
    gw_buf_finish(&partial->bytes);
    free(partial);
}

enum gw_status gw_http_keep_rest(struct gw_buf *into, const struct iovec *iov, int count,
                                 size_t sent)
{
    enum gw_status status = GW_OK;

    for (int i = 0; i < count && status == GW_OK; i++) {
        size_t part = iov[i].iov_len, gone = sent < part ? sent : part;
        sent -= gone;
        status =
            gw_buf_add(into, (struct gw_str){(const char *)iov[i].iov_base + gone, part - gone});
    }
    return status;
}

void gw_deadline_set(struct gw_loop *loop, struct gw_deadline *deadline, uint64_t delay_ms)
{
    deadline->at_ms = gw_loop_now_ms(loop) + delay_ms;
    if (!gw_timer_is_set(&deadline->timer) || deadline->timer.due_ms > deadline->at_ms)
        gw_loop_timer_set(loop, &deadline->timer, delay_ms);
}

bool gw_deadline_passed(struct gw_loop *loop, struct gw_deadline *deadline)
{
    uint64_t now = gw_loop_now_ms(loop);

    if (deadline->at_ms == 0)
        return false;
    if (deadline->at_ms > now) {
        gw_loop_timer_set(loop, &deadline->timer, deadline->at_ms - now);
        return false;
    }
    deadline->at_ms = 0;
    return true;
}
