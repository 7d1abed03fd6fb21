#include "record/page.h"

#define NS_PER_SECOND 1000000000u

void gw_page_put(struct gw_page *page, struct gw_str bytes)
{
    if (page->status == GW_OK)
        page->status = gw_buf_add(page->out, bytes);
}

void gw_page_text(struct gw_page *page, const char *text)
{
    gw_page_put(page, gw_str_of(text));
}

void gw_page_u64(struct gw_page *page, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    gw_page_put(page, (struct gw_str){digits + at, sizeof digits - at});
}

void gw_page_seconds(struct gw_page *page, uint64_t ns)
{
    char fraction[10] = ".";
    uint64_t rest = ns % NS_PER_SECOND;
    size_t len = sizeof fraction;

    gw_page_u64(page, ns / NS_PER_SECOND);
    for (size_t i = sizeof fraction - 1; i > 0; i--, rest /= 10)
        fraction[i] = (char)('0' + rest % 10);
    while (fraction[len - 1] == '0')
        len--;
    if (len > 1)
        gw_page_put(page, (struct gw_str){fraction, len});
}

void gw_page_label(struct gw_page *page, const char *name, struct gw_str value)
{
    gw_page_text(page, name);
    gw_page_put(page, GW_STR("=\""));
    for (size_t from = 0, i = 0; i <= value.len; i++) {
        char c = i < value.len ? value.base[i] : '\0';
        if (i < value.len && c != '\\' && c != '"' && c != '\n')
            continue;
        gw_page_put(page, (struct gw_str){value.base + from, i - from});
        if (i < value.len)
            gw_page_text(page, c == '\\' ? "\\\\" : c == '"' ? "\\\"" : "\\n");
        from = i + 1;
    }
    gw_page_put(page, GW_STR("\""));
}

void gw_page_sample(struct gw_page *page, const char *name, uint64_t value)
{
    gw_page_text(page, name);
    gw_page_put(page, GW_STR(" "));
    gw_page_u64(page, value);
    gw_page_put(page, GW_STR("\n"));
}

void gw_page_value(struct gw_page *page, uint64_t value)
{
    gw_page_put(page, GW_STR("} "));
    gw_page_u64(page, value);
    gw_page_put(page, GW_STR("\n"));
}

void gw_page_seconds_sample(struct gw_page *page, const char *name, uint64_t ns)
{
    gw_page_text(page, name);
    gw_page_put(page, GW_STR(" "));
    gw_page_seconds(page, ns);
    gw_page_put(page, GW_STR("\n"));
}
