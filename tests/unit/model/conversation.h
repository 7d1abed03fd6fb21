/*
 * tests/unit/model/conversation: a conversation in one line, for tests of what is done to it.
 *
 * Messages are separated by '|': "u" user, "a" assistant, "s" system, then its parts, each behind a blank or
 * comma: Ttext (with '~' for a blank), Cid call, Rid result, Mid result with an image behind the text, Bid
 * result of blank text, Ktext reasoning, Kunsigned, D opaque state, S server tool, I image, Ftext refusal; a
 * '*' behind the letter marks it for the cache. What is written besides: Nid, the result that stands for none;
 * and "S:" in front, what is in request->system.
 */
#ifndef GW_TESTS_UNIT_MODEL_CONVERSATION_H
#define GW_TESTS_UNIT_MODEL_CONVERSATION_H

#include "model/request.h"

static inline struct gw_part *conversation_part(struct gw_arena *arena, struct gw_str word)
{
    struct gw_part *part = gw_arena_zalloc(arena, sizeof(*part));
    char letter = word.base[0];
    word = gw_str_from(word, 1);
    if (word.len && word.base[0] == '*') {
        part->cache = GW_CACHE_UNSET;
        word = gw_str_from(word, 1);
    }
    char *copy = gw_arena_bytes(arena, word.len + 1);
    for (size_t i = 0; i < word.len; i++)
        copy[i] = word.base[i] == '~' ? ' ' : word.base[i];
    struct gw_text text = {{copy, word.len}};

    switch (letter) {
    case 'T':
        part->kind = GW_PART_TEXT;
        part->text = text;
        break;
    case 'F':
        part->kind = GW_PART_REFUSAL;
        part->text = text;
        break;
    case 'K':
        part->kind = GW_PART_REASONING;
        part->text = text;
        break;
    case 'D':
        part->kind = GW_PART_REDACTED;
        part->data = text;
        break;
    case 'S':
        part->kind = GW_PART_SERVER_TOOL;
        break;
    case 'I':
        part->kind = GW_PART_IMAGE;
        break;
    case 'C':
        part->kind = GW_PART_TOOL_CALL;
        part->id = text;
        part->name = GW_TEXT("f");
        break;
    case 'R':
    case 'M':
    case 'B':
        part->kind = GW_PART_TOOL_RESULT;
        part->id = text;
        part->parts = conversation_part(arena, letter == 'B' ? GW_STR("T~") : GW_STR("Tok"));
        if (letter == 'M')
            part->parts->next = conversation_part(arena, GW_STR("I"));
        break;
    default:
        break;
    }
    return part;
}

static inline void conversation_read(const char *line, struct gw_request *request)
{
    struct gw_str rest = gw_str_of(line);
    struct gw_message **message = &request->messages;

    while (rest.len) {
        struct gw_str one = {rest.base, gw_str_find(rest, '|')};
        rest = gw_str_from(rest, one.len + 1);
        *message = gw_arena_zalloc(request->arena, sizeof(**message));
        (*message)->role = one.base[0] == 'u'   ? GW_ROLE_USER
                           : one.base[0] == 'a' ? GW_ROLE_ASSISTANT
                                                : GW_ROLE_SYSTEM;
        struct gw_part **part = &(*message)->parts;
        for (size_t at = 1; at < one.len; at++) {
            struct gw_str word = gw_str_from(one, at);
            size_t len = 0;
            while (len < word.len && word.base[len] != ' ' && word.base[len] != ',')
                len++;
            if (len == 0)
                continue;
            *part = conversation_part(request->arena, (struct gw_str){word.base, len});
            part = &(*part)->next;
            at += len;
        }
        message = &(*message)->next;
    }
}

static inline void conversation_add(struct gw_buf *out, struct gw_str text)
{
    for (size_t i = 0; i < text.len; i++)
        (void)gw_buf_add_c(out, text.base[i] == ' ' ? '~' : text.base[i]);
}

static inline void conversation_write_parts(const struct gw_part *part, struct gw_buf *out)
{
    for (; part; part = part->next) {
        const struct gw_part *inside = part->parts;
        char letter = '?';
        switch (part->kind) {
        case GW_PART_TEXT:
            letter = 'T';
            break;
        case GW_PART_REFUSAL:
            letter = 'F';
            break;
        case GW_PART_REASONING:
            letter = 'K';
            break;
        case GW_PART_REDACTED:
            letter = 'D';
            break;
        case GW_PART_SERVER_TOOL:
            letter = 'S';
            break;
        case GW_PART_IMAGE:
            letter = 'I';
            break;
        case GW_PART_TOOL_CALL:
            letter = 'C';
            break;
        case GW_PART_TOOL_RESULT:
            letter = !inside ? 'B' : inside->next ? 'M' : part->is_error ? 'N' : 'R';
            break;
        case GW_PART_DOCUMENT:
        case GW_PART_AUDIO:
        case GW_PART_VIDEO:
            break;
        }
        (void)gw_buf_printf(out, " %c%s", letter, part->cache ? "*" : "");
        conversation_add(out, part->text.raw);
        conversation_add(out, part->id.raw);
        conversation_add(out, part->data.raw);
    }
}

static inline void conversation_write(const struct gw_request *request, struct gw_buf *out)
{
    static const char roles[] = {
        [GW_ROLE_USER] = 'u', [GW_ROLE_ASSISTANT] = 'a', [GW_ROLE_SYSTEM] = 's'};

    if (request->system) {
        (void)gw_buf_printf(out, "S:");
        conversation_write_parts(request->system, out);
        (void)gw_buf_add_c(out, '|');
    }
    for (const struct gw_message *message = request->messages; message; message = message->next) {
        (void)gw_buf_add_c(out, roles[message->role]);
        conversation_write_parts(message->parts, out);
        if (message->next)
            (void)gw_buf_add_c(out, '|');
    }
}

#endif
