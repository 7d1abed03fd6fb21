#include "model/media.h"

/* Types that are often told wrongly, and what they are. */
static const struct gw_str odd_types[][2] = {
    {GW_STR_INIT("image/jpg"), GW_STR_INIT("image/jpeg")},
    {GW_STR_INIT("audio/mp3"), GW_STR_INIT("audio/mpeg")},
};

static const struct {
    struct gw_str end, type;
} names[] = {
    {GW_STR_INIT(".pdf"), GW_STR_INIT("application/pdf")},
    {GW_STR_INIT(".txt"), GW_STR_INIT("text/plain")},
    {GW_STR_INIT(".md"), GW_STR_INIT("text/markdown")},
    {GW_STR_INIT(".csv"), GW_STR_INIT("text/csv")},
    {GW_STR_INIT(".html"), GW_STR_INIT("text/html")},
    {GW_STR_INIT(".htm"), GW_STR_INIT("text/html")},
    {GW_STR_INIT(".xml"), GW_STR_INIT("text/xml")},
    {GW_STR_INIT(".json"), GW_STR_INIT("application/json")},
    {GW_STR_INIT(".doc"), GW_STR_INIT("application/msword")},
    {GW_STR_INIT(".docx"),
     GW_STR_INIT("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
    {GW_STR_INIT(".xls"), GW_STR_INIT("application/vnd.ms-excel")},
    {GW_STR_INIT(".xlsx"),
     GW_STR_INIT("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    {GW_STR_INIT(".pptx"),
     GW_STR_INIT("application/vnd.openxmlformats-officedocument.presentationml.presentation")},
    {GW_STR_INIT(".jpg"), GW_STR_INIT("image/jpeg")},
    {GW_STR_INIT(".jpeg"), GW_STR_INIT("image/jpeg")},
    {GW_STR_INIT(".png"), GW_STR_INIT("image/png")},
    {GW_STR_INIT(".gif"), GW_STR_INIT("image/gif")},
    {GW_STR_INIT(".webp"), GW_STR_INIT("image/webp")},
    {GW_STR_INIT(".heic"), GW_STR_INIT("image/heic")},
    {GW_STR_INIT(".heif"), GW_STR_INIT("image/heif")},
    {GW_STR_INIT(".bmp"), GW_STR_INIT("image/bmp")},
    {GW_STR_INIT(".tiff"), GW_STR_INIT("image/tiff")},
    {GW_STR_INIT(".svg"), GW_STR_INIT("image/svg+xml")},
    {GW_STR_INIT(".mp3"), GW_STR_INIT("audio/mpeg")},
    {GW_STR_INIT(".wav"), GW_STR_INIT("audio/wav")},
    {GW_STR_INIT(".ogg"), GW_STR_INIT("audio/ogg")},
    {GW_STR_INIT(".flac"), GW_STR_INIT("audio/flac")},
    {GW_STR_INIT(".m4a"), GW_STR_INIT("audio/mp4")},
    {GW_STR_INIT(".aac"), GW_STR_INIT("audio/aac")},
    {GW_STR_INIT(".mp4"), GW_STR_INIT("video/mp4")},
    {GW_STR_INIT(".mov"), GW_STR_INIT("video/quicktime")},
    {GW_STR_INIT(".webm"), GW_STR_INIT("video/webm")},
    {GW_STR_INIT(".mpeg"), GW_STR_INIT("video/mpeg")},
};

static struct gw_str type_of_end(struct gw_str name)
{
    for (size_t i = 0; i < GW_COUNT(names); i++)
        if (name.len >= names[i].end.len &&
            gw_str_eq_nocase(gw_str_from(name, name.len - names[i].end.len), names[i].end))
            return names[i].type;
    return (struct gw_str){NULL, 0};
}

struct gw_str gw_media_type_of_name(struct gw_str name)
{
    struct gw_str type = type_of_end(name);

    /* Behind the path of a URL there may be more. */
    name.len = gw_str_find(name, '#');
    name.len = gw_str_find(name, '?');
    return type.base ? type : type_of_end(name);
}

struct gw_str gw_media_type_of_bytes(struct gw_str bytes)
{
    static const struct {
        struct gw_str type, magic;
    } kinds[] = {
        {GW_STR_INIT("image/jpeg"), GW_STR_INIT("\xff\xd8\xff")},
        {GW_STR_INIT("image/png"), GW_STR_INIT("\x89PNG\r\n\x1a\n")},
        {GW_STR_INIT("image/gif"), GW_STR_INIT("GIF87a")},
        {GW_STR_INIT("image/gif"), GW_STR_INIT("GIF89a")},
    };

    for (size_t i = 0; i < GW_COUNT(kinds); i++)
        if (gw_str_starts(bytes, kinds[i].magic))
            return kinds[i].type;
    if (bytes.len >= GW_MEDIA_MAGIC_BYTES && gw_str_starts(bytes, GW_STR("RIFF")) &&
        gw_str_starts(gw_str_from(bytes, 8), GW_STR("WEBP")))
        return GW_STR("image/webp");
    return (struct gw_str){NULL, 0};
}

bool gw_media_is_claude_image(struct gw_text type)
{
    static const struct gw_str types[] = {GW_STR_INIT("image/jpeg"), GW_STR_INIT("image/png"),
                                          GW_STR_INIT("image/gif"), GW_STR_INIT("image/webp")};

    for (size_t i = 0; i < GW_COUNT(types); i++)
        if (gw_text_equals(type, types[i]))
            return true;
    return false;
}

struct gw_text gw_media_type(struct gw_str type, struct gw_arena *arena)
{
    char *lower =
        gw_arena_bytes(arena, type.len + 1); /* not none, so that an empty one is present */

    if (!lower)
        return (struct gw_text){{NULL, 0}};
    for (size_t i = 0; i < type.len; i++)
        lower[i] = gw_lower(type.base[i]);
    struct gw_str made = {lower, type.len};
    for (size_t i = 0; i < GW_COUNT(odd_types); i++)
        if (gw_str_eq(made, odd_types[i][0]))
            made = odd_types[i][1];
    return gw_text_escape(made, arena);
}

static int hex_digit(char c)
{
    char lower = gw_lower(c);

    if (c >= '0' && c <= '9')
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static struct gw_str percent_decode(struct gw_str text, struct gw_arena *arena)
{
    if (text.len == 0 || !memchr(text.base, '%', text.len))
        return text;
    char *into = gw_arena_bytes(arena, text.len);
    size_t len = 0;
    if (!into)
        return (struct gw_str){NULL, 0};
    for (size_t i = 0; i < text.len; i++) {
        int high = -1, low = -1;
        if (text.base[i] == '%' && text.len - i > 2) {
            high = hex_digit(text.base[i + 1]);
            low = hex_digit(text.base[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            into[len++] = (char)(high << 4 | low);
            i += 2;
        } else {
            into[len++] = text.base[i];
        }
    }
    return (struct gw_str){into, len};
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static struct gw_str base64(struct gw_str bytes, struct gw_arena *arena)
{
    if (bytes.len > GW_ARENA_ALLOC_MAX / 2)
        return (struct gw_str){NULL, 0};
    size_t len = 0;
    char *into = gw_arena_bytes(arena, (bytes.len + 2) / 3 * 4 + 1);
    if (!into)
        return (struct gw_str){NULL, 0};
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t left = bytes.len - at < 3 ? bytes.len - at : 3;
        unsigned group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < left ? (unsigned char)bytes.base[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            into[len++] = i <= left ? digits[group >> (18 - 6 * i) & 63] : '=';
    }
    return (struct gw_str){into, len};
}

struct gw_text gw_media_base64(struct gw_str bytes, struct gw_arena *arena)
{
    return (struct gw_text){base64(bytes, arena)};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static struct gw_str without_blanks(struct gw_str text, struct gw_arena *arena)
{
    static const char blanks[] = " \n\r\t";
    bool any = false;

    for (size_t i = 0; i < sizeof(blanks) - 1 && text.len; i++)
        any = any || memchr(text.base, blanks[i], text.len);
    if (!any)
        return text;
    char *into = gw_arena_bytes(arena, text.len);
    size_t len = 0;
    if (!into)
        return (struct gw_str){NULL, 0};
    for (size_t i = 0; i < text.len; i++)
        if (!is_blank(text.base[i]))
            into[len++] = text.base[i];
    return (struct gw_str){into, len};
}

/* The last of the parameters between type and data. */
static bool says_base64(struct gw_str head)
{
    static const struct gw_str word = GW_STR_INIT(";base64");

    head = gw_str_trim(head);
    return head.len >= word.len && gw_str_eq_nocase(gw_str_from(head, head.len - word.len), word);
}

enum gw_status gw_data_url_read(struct gw_text url, struct gw_arena *arena,
                                struct gw_source *source_out)
{
    static const struct gw_str scheme = GW_STR_INIT("data:");
    struct gw_str text = gw_text_decode(url, arena);

    if (!text.base)
        return GW_NO_MEMORY;
    if (text.len < scheme.len ||
        !gw_str_eq_nocase((struct gw_str){text.base, scheme.len}, scheme)) {
        *source_out = (struct gw_source){.kind = GW_SOURCE_URL, .data = url};
        return GW_OK;
    }
    struct gw_str head = gw_str_from(text, scheme.len);
    size_t comma = gw_str_find(head, ',');
    if (comma == head.len)
        return GW_INVALID;
    struct gw_str data = gw_str_from(head, comma + 1);
    head.len = comma;
    struct gw_str type = {head.base, gw_str_find(head, ';')};
    type = gw_str_trim(type);
    data = percent_decode(data, arena);
    if (data.base)
        data = says_base64(head) ? without_blanks(data, arena) : base64(data, arena);
    if (!data.base)
        return GW_NO_MEMORY;
    struct gw_source source = {
        .kind = GW_SOURCE_BASE64,
        .mime = gw_media_type(type.len ? type : GW_STR("text/plain"), arena),
        .data = gw_text_escape(data, arena),
    };
    if (!gw_text_present(source.mime) || !gw_text_present(source.data))
        return GW_NO_MEMORY;
    *source_out = source;
    return GW_OK;
}

struct gw_text gw_data_url_write(const struct gw_source *source, struct gw_arena *arena)
{
    static const struct gw_str scheme = GW_STR_INIT("data:"), word = GW_STR_INIT(";base64,");
    struct gw_str type = source->mime.raw, data = source->data.raw;
    size_t len;

    if (source->kind == GW_SOURCE_URL)
        return source->data;
    if (source->kind != GW_SOURCE_BASE64 || __builtin_add_overflow(type.len, data.len, &len) ||
        __builtin_add_overflow(len, scheme.len + word.len, &len))
        return (struct gw_text){{NULL, 0}};
    char *into = gw_arena_bytes(arena, len), *at = into;
    if (!into)
        return (struct gw_text){{NULL, 0}};
    const struct gw_str pieces[] = {scheme, type, word, data};
    for (size_t i = 0; i < GW_COUNT(pieces); i++)
        if (pieces[i].len) {
            memcpy(at, pieces[i].base, pieces[i].len);
            at += pieces[i].len;
        }
    return (struct gw_text){{into, len}};
}

/* @return -1: it is no digit of base64 */
static int base64_value(char c)
{
    const char *found = c == '-'   ? digits + 62
                        : c == '_' ? digits + 63
                                   : memchr(digits, c, sizeof(digits) - 1);

    return found ? (int)(found - digits) : -1;
}

/* @param into  room for 3 bytes of every 4 that were begun. @return SIZE_MAX: it is no base64 */
static size_t base64_decode(struct gw_str text, char *into)
{
    size_t done = 0, at = 0, padding = 0;
    uint32_t group = 0;
    unsigned bits = 0;

    for (; at < text.len && text.base[at] != '='; at++) {
        int value = base64_value(text.base[at]);
        if (value < 0)
            return SIZE_MAX;
        group = group << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            into[done++] = (char)(group >> bits & 0xff);
        }
    }
    if (at % 4 == 1)
        return SIZE_MAX;
    while (at + padding < text.len && text.base[at + padding] == '=')
        padding++;
    return at + padding == text.len && padding <= 2 ? done : SIZE_MAX;
}

struct gw_text gw_media_text(struct gw_text base64, struct gw_arena *arena)
{
    struct gw_str text = gw_text_decode(base64, arena);

    if (text.base)
        text = without_blanks(text, arena);
    char *into = text.base ? gw_arena_bytes(arena, (text.len / 4 + 1) * 3) : NULL;
    size_t len = into ? base64_decode(text, into) : SIZE_MAX;
    if (len == SIZE_MAX)
        return (struct gw_text){{NULL, 0}};
    return gw_text_escape((struct gw_str){into, len}, arena);
}
