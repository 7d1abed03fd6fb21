/*
 * tests/unit/codec/pairs_page: docs/codec/pairs.md, made of what the run of pairs_test has seen.
 *
 * Included by pairs_test.c only, behind its cells.
 */
#ifndef GW_TESTS_PAIRS_PAGE_H
#define GW_TESTS_PAIRS_PAGE_H

static const char *page_file; /* NULL: it is compared with PAGE */

static const char page_head[] = "# What survives a translation\n"
                                "\n"
                                "Every conversation of [tests/fixtures](../../tests/fixtures), "
                                "through every ordered pair of dialects: the\n"
                                "request, the answer whole and streamed, both there and back, and "
                                "errors. Written by `tools/pairs-table` from a\n"
                                "run of the tests, which fail when it is stale.\n"
                                "\n"
                                "A column is a caller and its upstream: `anth>chat` is a Messages "
                                "caller whose request goes to a Chat Completions\n"
                                "provider. **ok** means that nothing is lost: each side got what "
                                "the fixture of its dialect says, with no more\n"
                                "than the same said in another way. Words name what is lost; "
                                "**400** is a request that is refused, for it cannot\n"
                                "be carried. Why is in the `allowed.txt` of the conversation.\n";

static void add_losses(const struct rules *rules, enum gw_codec_id caller,
                       enum gw_codec_id upstream, struct gw_buf *out)
{
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        bool told = false;
        if (!rule->loss.base || !rule->used_by[caller][upstream])
            continue;
        for (unsigned k = 0; k < i; k++)
            told |= rules->rules[k].used_by[caller][upstream] &&
                    gw_str_eq(rules->rules[k].loss, rule->loss);
        if (!told)
            gw_buf_printf(out, "%s%.*s", gw_buf_len(out) ? ", " : "", GW_STR_ARG(rule->loss));
    }
}

static void add_page_cell(const struct conversation *conversation, enum gw_codec_id caller,
                          enum gw_codec_id upstream, struct gw_buf *page)
{
    struct gw_buf losses;
    bool any = false, passed = true;

    for (size_t i = 0; i < cell_count; i++)
        if (cells[i].conversation == conversation && cells[i].caller == caller &&
            cells[i].upstream == upstream)
            any = true, passed &= cells[i].passed;
    gw_buf_init(&losses, OUT_BYTES_MAX);
    add_losses(&conversation->rules, caller, upstream, &losses);
    if (!any)
        gw_buf_printf(page, " |");
    else if (!passed)
        gw_buf_printf(page, " **fails** |");
    else if (gw_buf_len(&losses) == 0)
        gw_buf_printf(page, " ok |");
    else
        gw_buf_printf(page, " %.*s |", GW_STR_ARG(gw_buf_str(&losses)));
    gw_buf_finish(&losses);
}

static void write_page(struct gw_buf *page)
{
    unsigned pairs = 0;

    gw_buf_printf(page, "%s\n| conversation |", page_head);
    for (unsigned i = 0; i < GW_CODECS; i++)
        for (unsigned k = 0; k < GW_CODECS; k++, pairs++)
            gw_buf_printf(page, " %s>%s |", dialect_names[i], dialect_names[k]);
    gw_buf_printf(page, "\n|---|");
    while (pairs--)
        gw_buf_printf(page, "---|");
    for (unsigned n = 0; n < fixtures.count; n++) {
        gw_buf_printf(page, "\n| %s |", fixtures.conversations[n].name);
        for (unsigned i = 0; i < GW_CODECS; i++)
            for (unsigned k = 0; k < GW_CODECS; k++)
                add_page_cell(&fixtures.conversations[n], i, k, page);
    }
    gw_buf_add_c(page, '\n');
}

static void test_page_is_current(void **state)
{
    struct gw_arena arena;
    struct gw_buf page;

    (void)state;
    gw_buf_init(&page, OUT_BYTES_MAX);
    write_page(&page);
    if (page_file) {
        FILE *file = fopen(page_file, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(gw_buf_str(&page).base, 1, gw_buf_len(&page), file),
                         gw_buf_len(&page));
        assert_int_equal(fclose(file), 0);
    } else {
        gw_arena_init(&arena, NULL);
        bool current = gw_str_eq(load_file(&arena, PAGE), gw_buf_str(&page));
        gw_arena_finish(&arena);
        if (!current)
            fail_msg("%s is stale: tools/pairs-table writes it", PAGE);
    }
    gw_buf_finish(&page);
}

#endif
