/*
 * tools/reference: what becomes of calls of one dialect at providers of another, found out by translating:
 * each row is a request or an answer that has one thing more than the least one.
 */
#include "codec/translation.h"
#include "reference.h"

#include <ctype.h>
#include <stdlib.h>

#define BYTES_MAX ((size_t)1 << 20)
#define NOW_S 1763000000u

/* One translation, with all it needs. */
struct run {
    struct gw_arena arena;
    struct gw_translation *translation;
    struct gw_buf out;
    struct gw_complaint complaint;
    enum gw_status status;
};

static void run_request(struct run *run, enum gw_codec_id from,
                        const struct reference_target *target, struct gw_str body)
{
    struct gw_str model = gw_str_of(target->model);
    const struct gw_translation_setup setup = {
        .caller = gw_codec(from),
        .upstream = gw_codec(target->codec),
        .target = {.profile = gw_profile_of(gw_str_of(target->provider)),
                   .claude = target->codec == GW_CODEC_MESSAGES
                                 ? gw_claude_limits_of(model, NULL, 0)
                                 : NULL,
                   .model = model},
        .now_s = NOW_S,
        .seed = GW_STR("tools/reference!"),
        .request_id = GW_STR("req_1"),
    };

    *run = (struct run){.status = GW_OK};
    gw_arena_init(&run->arena, NULL);
    gw_buf_init(&run->out, BYTES_MAX);
    run->translation = gw_translation_create(&run->arena, &setup);
    if (!run->translation)
        abort();
    run->status = gw_translation_request(run->translation, body, &run->out, &run->complaint);
}

static void run_finish(struct run *run)
{
    gw_translation_finish(run->translation);
    gw_buf_finish(&run->out);
    gw_arena_finish(&run->arena);
}

/* The body of a probe. To be freed. */
static char *compose(const char *least, const char *with, const char *more)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    fprintf(out, "%s%s%s%s%s}", least, with ? "," : "", with ? with : "", more ? "," : "",
            more ? more : "");
    if (fclose(out) != 0)
        abort();
    return text;
}

static void write_warnings(FILE *out, const struct run *run)
{
    const struct gw_ledger *ledger = gw_translation_ledger(run->translation);

    for (unsigned i = 0; i < ledger->count && i < GW_LEDGER_ENTRIES_MAX; i++)
        fprintf(out, "%s`%s:%s`", i ? ", " : "", gw_ledger_action_name(ledger->entries[i].action),
                ledger->entries[i].name);
}

static void write_refusal(FILE *out, const struct run *run)
{
    fprintf(out, "**refused** | 400 `%s`", run->complaint.code);
    if (run->complaint.param[0])
        fprintf(out, ", `param` `%s`", run->complaint.param);
    fprintf(out, ": %s", run->complaint.message);
}

/* Two cells: what goes upstream, and what is said about it. To be freed. */
static char *outcome(enum gw_codec_id from, const struct reference_target *target,
                     const struct reference_probe *probe)
{
    const char *least = reference_probes[from].request;
    char *plain = compose(least, probe->with, NULL);
    char *more = compose(least, probe->with, probe->more), *text;
    struct run before, after;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    run_request(&before, from, target, gw_str_of(plain));
    run_request(&after, from, target, gw_str_of(more));
    if (after.status != GW_OK) {
        write_refusal(out, &after);
    } else if (before.status != GW_OK) {
        fprintf(stderr, "tools/reference: refused without it, and not with it: %s\n", probe->more);
        abort();
    } else {
        reference_difference(out, gw_buf_str(&before.out), gw_buf_str(&after.out));
        fprintf(out, " | ");
        write_warnings(out, &after);
    }
    run_finish(&before);
    run_finish(&after);
    free(plain);
    free(more);
    if (fclose(out) != 0)
        abort();
    return text;
}

static void write_table_head(FILE *out, const char *first, const char *second)
{
    fprintf(out, "\n| %s | %s | Told |\n|---|---|---|\n", first, second);
}

/* The first cell of a row. */
static void write_sent(FILE *out, const struct reference_probe *probe)
{
    fprintf(out, "| ");
    reference_code(out, gw_str_of(probe->more));
    if (probe->with && gw_str_starts(gw_str_of(probe->with), GW_STR("\"tools\"")))
        fprintf(out, ", with a tool");
    else if (probe->with) {
        fprintf(out, ", with ");
        reference_code(out, gw_str_of(probe->with));
    }
}

static void write_requests(FILE *out, enum gw_codec_id from, const struct reference_target *target)
{
    for (const struct reference_probe *probe = reference_probes[from].requests; probe->more;
         probe++) {
        if (probe->heading) {
            fprintf(out, "\n### %s\n", probe->heading);
            write_table_head(out, "Caller sends", "Goes upstream");
        }
        char *text = outcome(from, target, probe);
        write_sent(out, probe);
        fprintf(out, " | %s |\n", text);
        free(text);
    }
}

static const struct reference_target *find(const struct reference_target *target)
{
    for (size_t i = 0; i < reference_targets_count; i++)
        if (reference_targets[i].codec == target->codec &&
            strcmp(reference_targets[i].model, target->like) == 0)
            return &reference_targets[i];
    abort();
}

/* @return how many rows are different */
static unsigned write_differences(FILE *out, enum gw_codec_id from,
                                  const struct reference_target *target)
{
    const struct reference_target *like = find(target);
    unsigned count = 0;

    for (const struct reference_probe *probe = reference_probes[from].requests; probe->more;
         probe++) {
        char *here = outcome(from, target, probe), *there = outcome(from, like, probe);
        if (strcmp(here, there) != 0) {
            if (count++ == 0) {
                fprintf(out, "\n### %c%s\n\nWhat is different from %s:\n",
                        toupper((unsigned char)target->words[0]), target->words + 1, like->words);
                write_table_head(out, "Caller sends", "Goes upstream");
            }
            write_sent(out, probe);
            fprintf(out, " | %s |\n", here);
        }
        free(here);
        free(there);
    }
    return count;
}

static void write_others(FILE *out, enum gw_codec_id from, enum gw_codec_id to)
{
    const char *between = "";
    char *same;
    size_t len;
    FILE *equal = open_memstream(&same, &len);

    if (!equal)
        abort();
    for (size_t i = 0; i < reference_targets_count; i++) {
        const struct reference_target *target = &reference_targets[i];
        if (target->codec != to || !target->like || write_differences(out, from, target))
            continue;
        fprintf(equal, "%s%s (as %s)", between, target->words, find(target)->words);
        between = ", ";
    }
    if (fclose(equal) != 0)
        abort();
    if (len)
        fprintf(out, "\nWithout a difference: %s.\n", same);
    free(same);
}

/* ---- answers ---- */

/* To a caller that sent the least request. */
static void run_answer(struct run *run, enum gw_codec_id from,
                       const struct reference_target *target, struct gw_str answer)
{
    char *request = compose(reference_probes[from].request, NULL, NULL);
    struct gw_err err = {.offset = 0};

    run_request(run, from, target, gw_str_of(request));
    if (run->status != GW_OK)
        abort();
    gw_buf_take(&run->out, gw_buf_len(&run->out));
    run->status = gw_translation_answer(run->translation, answer, false, &run->out, &err);
    if (run->status == GW_INVALID) {
        fprintf(stderr, "tools/reference: %s: %.*s\n", err.message, GW_STR_ARG(answer));
        abort();
    }
    free(request);
}

static void write_failed_answer(FILE *out, struct run *run)
{
    unsigned status;

    gw_buf_take(&run->out, gw_buf_len(&run->out));
    if (gw_translation_tell(run->translation, gw_translation_failure(run->translation), &run->out,
                            &status) != GW_OK)
        abort();
    fprintf(out, "%u ", status);
    reference_code(out, gw_buf_str(&run->out));
}

static void write_answers(FILE *out, enum gw_codec_id from, const struct reference_target *target)
{
    const struct reference_probes *probes = &reference_probes[target->codec];
    char *least = compose(probes->answer, NULL, NULL);
    struct run before, after;

    run_answer(&before, from, target, gw_str_of(least));
    for (const struct reference_probe *probe = probes->answers; probe->more; probe++) {
        char *more = compose(probes->answer, NULL, probe->more);
        if (probe->heading)
            fprintf(out, "\n### %s\n\n| Provider answers | Caller gets |\n|---|---|\n",
                    probe->heading);
        run_answer(&after, from, target, gw_str_of(more));
        fprintf(out, "| ");
        reference_code(out, gw_str_of(probe->more));
        fprintf(out, " | ");
        if (after.status == GW_OK)
            reference_difference(out, gw_buf_str(&before.out), gw_buf_str(&after.out));
        else
            write_failed_answer(out, &after);
        fprintf(out, " |\n");
        run_finish(&after);
        free(more);
    }
    run_finish(&before);
    free(least);
}

static void write_stream(FILE *out, enum gw_codec_id from, const struct reference_target *target)
{
    const struct reference_probes *to = &reference_probes[target->codec];
    char *request = compose(reference_probes[from].request, NULL,
                            from == GW_CODEC_CHAT
                                ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}"
                                : "\"stream\":true");
    struct run run;

    run_request(&run, from, target, gw_str_of(request));
    gw_buf_take(&run.out, gw_buf_len(&run.out));
    enum gw_status status = gw_translation_feed(run.translation, gw_str_of(to->stream), &run.out);
    if (status == GW_OK)
        status = gw_translation_end(run.translation, &run.out);
    if (status != GW_EOF || gw_translation_has_failed(run.translation))
        abort();
    fprintf(
        out,
        "\n## A stream\n\nThe provider sends:\n\n```\n%s```\n\nThe caller gets:\n\n```\n%.*s```\n",
        to->stream, GW_STR_ARG(gw_buf_str(&run.out)));
    run_finish(&run);
    free(request);
}

/* ---- the page ---- */

void reference_write_pair(FILE *out, enum gw_codec_id from, enum gw_codec_id to)
{
    const struct reference_target *first = reference_targets;
    char *least = compose(reference_probes[from].request, NULL, NULL);
    struct run run;

    while (first->codec != to)
        first++;
    reference_begin(out, "what translating the probes of tools/reference_probes.c gives");
    fprintf(
        out,
        "# From %s to %s\n\n"
        "What becomes of calls of %s at a provider that speaks %s. Each row is a request that "
        "has one thing\nmore than the least one; what the tables show is what the translation "
        "made of it. \"Told\" is what the answer\nsays in `x-gateway-warnings`. How translation "
        "works: [translation.md](../codec/translation.md).\n\n"
        "## Requests\n\nThe least request, and what goes to %s:\n\n```json\n%s\n",
        reference_probes[from].title, reference_probes[to].title, reference_probes[from].title,
        reference_probes[to].title, first->words, least);
    run_request(&run, from, first, gw_str_of(least));
    fprintf(out, "%.*s\n```\n", GW_STR_ARG(gw_buf_str(&run.out)));
    run_finish(&run);
    write_requests(out, from, first);
    fprintf(out, "\n## Other models and providers\n");
    write_others(out, from, to);
    fprintf(out, "\n## Answers\n\nWhat is different from an answer of one text that ended by "
                 "itself, which the least request gets:\n");
    write_answers(out, from, first);
    write_stream(out, from, first);
    free(least);
}
