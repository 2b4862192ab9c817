/* Typed parameters: building, searching and releasing arrays of them. */
#include <limits.h>
#include <math.h>
#include <stddef.h>

#include "check.h"

static virTypedParameterPtr params;
static int nparams, maxparams;

static void quiet(void *data, virErrorPtr err)
{
    (void)data;
    (void)err;
}

static void start_over(void)
{
    virTypedParamsFree(params, nparams);
    params = NULL;
    nparams = maxparams = 0;
}

/* Leaves an error of the thread's behind. */
static void fail(void)
{
    CHECK_INT(virTypedParamsAddFromString(&params, &nparams, &maxparams, "x", 99, "1"), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "unexpected type 99 for field x");
}

static void the_layout_is_fixed(void)
{
    virTypedParameter param;

    CHECK_INT(sizeof(param), 96);
    CHECK_INT(sizeof(param.field), VIR_TYPED_PARAM_FIELD_LENGTH);
    CHECK_INT(offsetof(virTypedParameter, type), 80);
    CHECK_INT(offsetof(virTypedParameter, value), 88);
    CHECK_INT(sizeof(param.value), 8);
}

static void each_type_comes_back_as_it_was_stored(void)
{
    int i = 0, b = -1;
    unsigned int ui = 0;
    long long l = 0;
    unsigned long long ul = 0;
    double d = 0;
    const char *s = NULL;
    char text[] = "text";

    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "i", INT_MIN), 0);
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &maxparams, "ui", UINT_MAX), 0);
    CHECK_INT(virTypedParamsAddLLong(&params, &nparams, &maxparams, "l", -0x7fffffffffffffffLL - 1),
              0);
    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &maxparams, "ul", 0xffffffffffffffffULL),
              0);
    CHECK_INT(virTypedParamsAddDouble(&params, &nparams, &maxparams, "d", 0.25), 0);
    CHECK_INT(virTypedParamsAddBoolean(&params, &nparams, &maxparams, "b", 42), 0);
    CHECK_INT(virTypedParamsAddString(&params, &nparams, &maxparams, "s", text), 0);
    text[0] = 'n';
    CHECK_INT(nparams, 7);

    CHECK_INT(virTypedParamsGetInt(params, nparams, "i", &i), 1);
    CHECK_INT(i, INT_MIN);
    CHECK_INT(virTypedParamsGetUInt(params, nparams, "ui", &ui), 1);
    CHECK(ui == UINT_MAX);
    CHECK_INT(virTypedParamsGetLLong(params, nparams, "l", &l), 1);
    CHECK_INT(l, -0x7fffffffffffffffLL - 1);
    CHECK_INT(virTypedParamsGetULLong(params, nparams, "ul", &ul), 1);
    CHECK(ul == 0xffffffffffffffffULL);
    CHECK_INT(virTypedParamsGetDouble(params, nparams, "d", &d), 1);
    CHECK(d > 0.24 && d < 0.26);
    CHECK_INT(virTypedParamsGetBoolean(params, nparams, "b", &b), 1);
    CHECK_INT(b, 1);
    CHECK_INT(virTypedParamsGetString(params, nparams, "s", &s), 1);
    CHECK_STR(s, "text");
    CHECK(s == params[6].value.s);

    CHECK_INT(params[0].type, VIR_TYPED_PARAM_INT);
    CHECK_INT(params[1].type, VIR_TYPED_PARAM_UINT);
    CHECK_INT(params[2].type, VIR_TYPED_PARAM_LLONG);
    CHECK_INT(params[3].type, VIR_TYPED_PARAM_ULLONG);
    CHECK_INT(params[4].type, VIR_TYPED_PARAM_DOUBLE);
    CHECK_INT(params[5].type, VIR_TYPED_PARAM_BOOLEAN);
    CHECK_INT(params[5].value.b, 1);
    CHECK_INT(params[6].type, VIR_TYPED_PARAM_STRING);
    CHECK_STR(params[6].field, "s");

    CHECK_INT(virTypedParamsAddBoolean(&params, &nparams, &maxparams, "no", 0), 0);
    CHECK_INT(virTypedParamsGetBoolean(params, nparams, "no", &b), 1);
    CHECK_INT(b, 0);
    CHECK_INT(virTypedParamsAddString(&params, &nparams, &maxparams, "null", NULL), 0);
    CHECK_INT(virTypedParamsGetString(params, nparams, "null", &s), 1);
    CHECK_STR(s, "");
    start_over();
}

static void room_grows_by_half(void)
{
    static const int sizes[] = {1, 2, 3, 4, 6, 9, 13, 19, 28, 42};
    size_t step = 0;
    int i;

    for (i = 0; i < 42; i++) {
        CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "x", i), 0);
        CHECK_INT(nparams, i + 1);
        if (nparams > sizes[step])
            step++;
        CHECK_INT(maxparams, sizes[step]);
    }
    for (i = 0; i < 42; i++)
        CHECK_INT(params[i].value.i, i);
    start_over();
}

static void an_array_from_malloc_grows_too(void)
{
    int i = 0;

    params = (virTypedParameterPtr)calloc(2, sizeof(*params));
    CHECK(params != NULL);
    maxparams = 2;
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "a", 1), 0);
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "b", 2), 0);
    CHECK_INT(maxparams, 2);
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "c", 3), 0);
    CHECK_INT(maxparams, 3);
    CHECK_INT(virTypedParamsGetInt(params, nparams, "a", &i), 1);
    CHECK_INT(i, 1);
#ifndef REAL_LIBVIRT /* there it writes beyond the array */
    maxparams = 1;
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "d", 4), 0);
    CHECK_INT(nparams, 4);
    CHECK(maxparams >= 4);
    CHECK_INT(virTypedParamsGetInt(params, nparams, "c", &i), 1);
    CHECK_INT(i, 3);
#endif
    start_over();
}

static void names_have_up_to_79_bytes(void)
{
    char name[81];
    int i = 0;

    memset(name, 'n', sizeof(name));
    name[79] = '\0';
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, name, 79), 0);
    CHECK_INT(virTypedParamsGetInt(params, nparams, name, &i), 1);
    CHECK_INT(i, 79);
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "", 5), 0);
    CHECK_INT(virTypedParamsGetInt(params, nparams, "", &i), 1);
    CHECK_INT(i, 5);
    name[79] = 'n';
    name[80] = '\0';
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, name, 80), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "internal error: Field name 'nnn");
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "nnn' too long");
    CHECK_INT(virTypedParamsAddString(&params, &nparams, &maxparams, name, "x"), -1);
    CHECK_INT(virTypedParamsAddFromString(&params, &nparams, &maxparams, name, 99, "x"), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "nnn' too long");
    CHECK_INT(nparams, 2);
    CHECK_INT(virTypedParamsGetInt(params, nparams, name, &i), 0);
    start_over();
}

static void the_first_match_counts(void)
{
    int i = 0;

    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "other", 1), 0);
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "x", 2), 0);
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "x", 3), 0);
    CHECK_INT(nparams, 3);
    CHECK_INT(virTypedParamsGetInt(params, nparams, "x", &i), 1);
    CHECK_INT(i, 2);
    CHECK(virTypedParamsGet(params, nparams, "x") == &params[1]);
    CHECK(virTypedParamsGet(params, nparams, "X") == NULL);
    CHECK(virTypedParamsGet(params, nparams, "xx") == NULL);
    CHECK(virTypedParamsGet(params, nparams, "") == NULL);
    /* Only so many are looked at. */
    CHECK(virTypedParamsGet(params, 1, "x") == NULL);
    CHECK_INT(virTypedParamsGetInt(params, 0, "x", &i), 0);
    /* Another type behind the first match is not looked at. */
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &maxparams, "x", 4), 0);
    CHECK_INT(virTypedParamsGetUInt(params, nparams, "x", NULL), -1);
    start_over();
}

static void nothing_is_found_in_nothing(void)
{
    int i = 7;
    const char *s = "kept";

    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "x", 1), 0);
    CHECK_INT(virTypedParamsGetInt(params, nparams, "y", &i), 0);
    CHECK_INT(virTypedParamsGetInt(NULL, 1, "x", &i), 0);
    CHECK_INT(virTypedParamsGetInt(params, nparams, NULL, &i), 0);
    CHECK_INT(virTypedParamsGetString(NULL, 0, "x", &s), 0);
    CHECK_INT(i, 7);
    CHECK_STR(s, "kept");
    CHECK(virTypedParamsGet(NULL, 1, "x") == NULL);
    CHECK(virTypedParamsGet(params, nparams, NULL) == NULL);
    CHECK(virGetLastError() == NULL);
#ifndef REAL_LIBVIRT /* there a negative number is a huge one */
    CHECK_INT(virTypedParamsGetInt(params, -1, "x", &i), 0);
    CHECK(virTypedParamsGet(params, -1, "x") == NULL);
    CHECK(virGetLastError() == NULL);
#endif
    /* Without a place for the value, the question is whether there is one. */
    CHECK_INT(virTypedParamsGetInt(params, nparams, "x", NULL), 1);
    CHECK_INT(virTypedParamsGetInt(params, nparams, "y", NULL), 0);
    start_over();
}

#define CHECK_MISMATCH(call, wanted, actual)                                                  \
    do {                                                                                      \
        CHECK_INT((call), -1);                                                                \
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,                                         \
                  "invalid argument: Invalid type '" wanted "' requested for parameter '" actual \
                  "', actual type is '" actual "'");                                          \
    } while (0)

static void values_are_never_converted(void)
{
    int i = 7;
    unsigned int ui = 7;
    long long l = 7;
    unsigned long long ul = 7;
    double d = 7;
    const char *s = "kept";

    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "int", 1), 0);
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &maxparams, "uint", 1), 0);
    CHECK_INT(virTypedParamsAddLLong(&params, &nparams, &maxparams, "llong", 1), 0);
    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &maxparams, "ullong", 1), 0);
    CHECK_INT(virTypedParamsAddDouble(&params, &nparams, &maxparams, "double", 1), 0);
    CHECK_INT(virTypedParamsAddBoolean(&params, &nparams, &maxparams, "boolean", 1), 0);
    CHECK_INT(virTypedParamsAddString(&params, &nparams, &maxparams, "string", "1"), 0);
    CHECK_MISMATCH(virTypedParamsGetInt(params, nparams, "uint", &i), "int", "uint");
    CHECK_MISMATCH(virTypedParamsGetUInt(params, nparams, "int", &ui), "uint", "int");
    CHECK_MISMATCH(virTypedParamsGetLLong(params, nparams, "ullong", &l), "llong", "ullong");
    CHECK_MISMATCH(virTypedParamsGetULLong(params, nparams, "llong", &ul), "ullong", "llong");
    CHECK_MISMATCH(virTypedParamsGetDouble(params, nparams, "string", &d), "double", "string");
    CHECK_MISMATCH(virTypedParamsGetBoolean(params, nparams, "double", &i), "boolean", "double");
    CHECK_MISMATCH(virTypedParamsGetString(params, nparams, "boolean", &s), "string", "boolean");
    CHECK_MISMATCH(virTypedParamsGetString(params, nparams, "int", NULL), "string", "int");
    CHECK(i == 7 && ui == 7 && l == 7 && ul == 7 && d > 6.9 && d < 7.1);
    CHECK_STR(s, "kept");
    /* A miss after a mismatch leaves no error. */
    CHECK_INT(virTypedParamsGetInt(params, nparams, "none", &i), 0);
    CHECK(virGetLastError() == NULL);
    params[0].type = 0;
    CHECK_INT(virTypedParamsGetInt(params, nparams, "int", &i), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "actual type is 'unknown'");
    params[0].type = 99;
    CHECK_INT(virTypedParamsGetInt(params, nparams, "int", &i), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "Invalid type 'int' requested");
    start_over();
}

static void true_is_one(void)
{
    int b = -1;

    CHECK_INT(virTypedParamsAddBoolean(&params, &nparams, &maxparams, "b", 1), 0);
    params[0].value.b = 42;
    CHECK_INT(virTypedParamsGetBoolean(params, nparams, "b", &b), 1);
    CHECK_INT(b, 1);
    start_over();
}

/* The result for a text: the parameter that it was appended as, or NULL. */
static virTypedParameterPtr from(int type, const char *text)
{
    int before = nparams;
    int result = virTypedParamsAddFromString(&params, &nparams, &maxparams, "fs", type, text);

    if (result < 0) {
        CHECK_INT(result, -1);
        CHECK_INT(nparams, before);
        return NULL;
    }
    CHECK_INT(nparams, before + 1);
    CHECK(virGetLastError() == NULL);
    CHECK_STR(params[before].field, "fs");
    CHECK_INT(params[before].type, type);
    return &params[before];
}

#define CHECK_REFUSED(type, text, reason)                                       \
    do {                                                                        \
        CHECK(from((type), (text)) == NULL);                                    \
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "invalid argument: " reason); \
    } while (0)

static void texts_become_integers(void)
{
    static const char *const bad[] = {"0x10", "abc", "12 ", "", "--5", "+-5", "1.0"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_REFUSED(VIR_TYPED_PARAM_INT, bad[i], "Invalid value for field 'fs': expected int");
        CHECK_REFUSED(VIR_TYPED_PARAM_UINT, bad[i],
                      "Invalid value for field 'fs': expected unsigned int");
        CHECK_REFUSED(VIR_TYPED_PARAM_LLONG, bad[i],
                      "Invalid value for field 'fs': expected long long");
        CHECK_REFUSED(VIR_TYPED_PARAM_ULLONG, bad[i],
                      "Invalid value for field 'fs': expected unsigned long long");
    }
    CHECK_INT(from(VIR_TYPED_PARAM_INT, "12")->value.i, 12);
    CHECK_INT(from(VIR_TYPED_PARAM_INT, "-5")->value.i, -5);
    CHECK_INT(from(VIR_TYPED_PARAM_INT, "+12")->value.i, 12);
    CHECK_INT(from(VIR_TYPED_PARAM_INT, " \t\n\v\f\r12")->value.i, 12);
    CHECK_INT(from(VIR_TYPED_PARAM_INT, "-2147483648")->value.i, INT_MIN);
    CHECK_REFUSED(VIR_TYPED_PARAM_INT, "2147483648", "Invalid value for field 'fs': expected int");
    CHECK_REFUSED(VIR_TYPED_PARAM_INT, "99999999999", "Invalid value for field 'fs': expected int");
    CHECK(from(VIR_TYPED_PARAM_UINT, "4294967295")->value.ui == 4294967295U);
    CHECK(from(VIR_TYPED_PARAM_UINT, "-1")->value.ui == 4294967295U);
    CHECK(from(VIR_TYPED_PARAM_UINT, "-4294967295")->value.ui == 1);
    CHECK_REFUSED(VIR_TYPED_PARAM_UINT, "4294967296",
                  "Invalid value for field 'fs': expected unsigned int");
    CHECK_REFUSED(VIR_TYPED_PARAM_UINT, "-4294967296",
                  "Invalid value for field 'fs': expected unsigned int");
    CHECK_INT(from(VIR_TYPED_PARAM_LLONG, "-5")->value.l, -5);
    CHECK_INT(from(VIR_TYPED_PARAM_LLONG, "9223372036854775807")->value.l, 9223372036854775807LL);
    CHECK_REFUSED(VIR_TYPED_PARAM_LLONG, "9223372036854775808",
                  "Invalid value for field 'fs': expected long long");
    CHECK(from(VIR_TYPED_PARAM_ULLONG, "18446744073709551615")->value.ul ==
          18446744073709551615ULL);
    CHECK(from(VIR_TYPED_PARAM_ULLONG, "-1")->value.ul == 18446744073709551615ULL);
    CHECK_REFUSED(VIR_TYPED_PARAM_ULLONG, "18446744073709551616",
                  "Invalid value for field 'fs': expected unsigned long long");
    start_over();
}

static void texts_become_doubles(void)
{
    static const char *const bad[] = {"x",     "",       "1,5",   "1e",     "1.5 ",
                                      "1e999", "-1e999", "1e-400", "4e-320", "infinit"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_REFUSED(VIR_TYPED_PARAM_DOUBLE, bad[i],
                      "Invalid value for field 'fs': expected double");
    CHECK(from(VIR_TYPED_PARAM_DOUBLE, "1.25")->value.d - 1.25 == 0);
    CHECK(from(VIR_TYPED_PARAM_DOUBLE, "1e3")->value.d - 1000 == 0);
    CHECK(from(VIR_TYPED_PARAM_DOUBLE, " -.5")->value.d + 0.5 == 0);
    CHECK(isnan(from(VIR_TYPED_PARAM_DOUBLE, "nan")->value.d));
    CHECK(isinf(from(VIR_TYPED_PARAM_DOUBLE, "INF")->value.d));
    start_over();
}

static void texts_become_booleans(void)
{
    static const char *const bad[] = {"yes", "no", "on", "2", "", "01", " 1", "1 "};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_REFUSED(VIR_TYPED_PARAM_BOOLEAN, bad[i], "Invalid boolean value for field 'fs'");
    CHECK_INT(from(VIR_TYPED_PARAM_BOOLEAN, "0")->value.b, 0);
    CHECK_INT(from(VIR_TYPED_PARAM_BOOLEAN, "1")->value.b, 1);
    CHECK_INT(from(VIR_TYPED_PARAM_BOOLEAN, "tRUe")->value.b, 1);
    CHECK_INT(from(VIR_TYPED_PARAM_BOOLEAN, "FALSE")->value.b, 0);
    start_over();
}

static void texts_become_strings_and_nothing_else(void)
{
    CHECK_STR(from(VIR_TYPED_PARAM_STRING, "")->value.s, "");
    CHECK_STR(from(VIR_TYPED_PARAM_STRING, " \xff ")->value.s, " \xff ");
    CHECK_REFUSED(VIR_TYPED_PARAM_STRING, NULL, "NULL value for field 'fs'");
    CHECK_REFUSED(VIR_TYPED_PARAM_INT, NULL, "NULL value for field 'fs'");
    CHECK_REFUSED(8, NULL, "NULL value for field 'fs'");
    CHECK(from(8, "1") == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
              "internal error: unexpected type 8 for field fs");
    CHECK(from(0, "1") == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
              "internal error: unexpected type 0 for field fs");
    start_over();
}

static void a_list_becomes_one_parameter_for_each_text(void)
{
    const char *values[] = {"one", "two", "", NULL};
    const char *none[] = {NULL};
    char name[81];

    CHECK_INT(virTypedParamsAddStringList(&params, &nparams, &maxparams, "list", values), 0);
    CHECK_INT(nparams, 3);
    CHECK_STR(params[0].value.s, "one");
    CHECK_STR(params[1].value.s, "two");
    CHECK_STR(params[2].value.s, "");
    CHECK_STR(params[2].field, "list");
    CHECK_INT(params[2].type, VIR_TYPED_PARAM_STRING);
    CHECK_INT(virTypedParamsAddStringList(&params, &nparams, &maxparams, "list", NULL), 0);
#ifdef REAL_LIBVIRT /* there, an empty list is a failure without an error */
    CHECK_INT(virTypedParamsAddStringList(&params, &nparams, &maxparams, "list", none), -1);
#else
    CHECK_INT(virTypedParamsAddStringList(&params, &nparams, &maxparams, "list", none), 0);
#endif
    CHECK(virGetLastError() == NULL);
    CHECK_INT(nparams, 3);
    memset(name, 'n', 80);
    name[80] = '\0';
    CHECK_INT(virTypedParamsAddStringList(&params, &nparams, &maxparams, name, values), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "too long");
    CHECK_INT(nparams, 3);
    start_over();
}

static void releasing_keeps_the_last_error(void)
{
    virTypedParamsClear(NULL, 3);
    virTypedParamsFree(NULL, 3);
    virTypedParamsClear(NULL, -1);
    virTypedParamsFree(NULL, 0);
    CHECK_INT(virTypedParamsAddString(&params, &nparams, &maxparams, "s", "text"), 0);
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "i", -1), 0);
    fail();
    CHECK(virTypedParamsGet(params, nparams, "s") != NULL);
    virTypedParamsClear(params, nparams);
    /* The array is still there, with its numbers, and may be released again. */
    CHECK(params[0].value.s == NULL);
    CHECK_INT(params[1].value.i, -1);
    CHECK_STR(params[1].field, "i");
    virTypedParamsClear(params, nparams);
    start_over();
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "unexpected type 99");
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "i", 1), 0);
    CHECK(virGetLastError() == NULL);
#ifndef REAL_LIBVIRT /* there it runs through all memory */
    virTypedParamsClear(params, -1);
#endif
    start_over();
}

#ifndef REAL_LIBVIRT /* there these crash, or write where they should not */
#define CHECK_NULL(call, argument, function)                            \
    do {                                                                \
        CHECK_INT((call), -1);                                          \
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,                   \
                  argument " in " function " must not be NULL");        \
    } while (0)

static void missing_pointers_are_refused(void)
{
    const char *values[] = {"one", NULL};
    int negative = -1, one = 1;

    CHECK_NULL(virTypedParamsAddInt(NULL, &nparams, &maxparams, "x", 1), "params",
               "virTypedParamsAddInt");
    CHECK_NULL(virTypedParamsAddUInt(&params, NULL, &maxparams, "x", 1), "nparams",
               "virTypedParamsAddUInt");
    CHECK_NULL(virTypedParamsAddLLong(&params, &nparams, NULL, "x", 1), "maxparams",
               "virTypedParamsAddLLong");
    CHECK_NULL(virTypedParamsAddULLong(&params, &nparams, &maxparams, NULL, 1), "name",
               "virTypedParamsAddULLong");
    CHECK_NULL(virTypedParamsAddDouble(&params, &nparams, &maxparams, NULL, 1), "name",
               "virTypedParamsAddDouble");
    CHECK_NULL(virTypedParamsAddBoolean(&params, &nparams, &maxparams, NULL, 1), "name",
               "virTypedParamsAddBoolean");
    CHECK_NULL(virTypedParamsAddString(&params, &nparams, &maxparams, NULL, "x"), "name",
               "virTypedParamsAddString");
    CHECK_NULL(virTypedParamsAddStringList(&params, &nparams, NULL, "x", values), "maxparams",
               "virTypedParamsAddStringList");
    CHECK_NULL(virTypedParamsAddFromString(NULL, &nparams, &maxparams, "x", 1, "1"), "params",
               "virTypedParamsAddFromString");
    CHECK_NULL(virTypedParamsAddFromString(&params, &nparams, &maxparams, NULL, 1, "1"), "name",
               "virTypedParamsAddFromString");
    /* Numbers that cannot be true. */
    CHECK_NULL(virTypedParamsAddInt(&params, &one, &maxparams, "x", 1), "params",
               "virTypedParamsAddInt");
    CHECK_INT(virTypedParamsAddInt(&params, &negative, &maxparams, "x", 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
              "nparams in virTypedParamsAddInt must be zero or greater");
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &negative, "x", 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
              "maxparams in virTypedParamsAddInt must be zero or greater");
    CHECK(params == NULL);
    CHECK_INT(nparams, 0);
    CHECK_INT(maxparams, 0);
    /* A NULL array has no room, whatever the count is. */
    maxparams = 5;
    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "x", 1), 0);
    CHECK_INT(maxparams, 1);
    start_over();
}

static void a_name_without_an_end_is_never_found(void)
{
    char name[81];

    CHECK_INT(virTypedParamsAddInt(&params, &nparams, &maxparams, "x", 1), 0);
    memset(name, 'n', 80);
    name[80] = '\0';
    memset(params[0].field, 'n', sizeof(params[0].field));
    CHECK(virTypedParamsGet(params, nparams, name) == NULL);
    start_over();
}
#endif

int main(void)
{
    virSetErrorFunc(NULL, quiet);
#ifdef REAL_LIBVIRT /* there, calls before the initialisation crash */
    CHECK_INT(virInitialize(), 0);
#endif
    the_layout_is_fixed();
    each_type_comes_back_as_it_was_stored();
    room_grows_by_half();
    an_array_from_malloc_grows_too();
    names_have_up_to_79_bytes();
    the_first_match_counts();
    nothing_is_found_in_nothing();
    values_are_never_converted();
    true_is_one();
    texts_become_integers();
    texts_become_doubles();
    texts_become_booleans();
    texts_become_strings_and_nothing_else();
    a_list_becomes_one_parameter_for_each_text();
    releasing_keeps_the_last_error();
#ifndef REAL_LIBVIRT
    missing_pointers_are_refused();
    a_name_without_an_end_is_never_found();
#endif
    return CHECK_DONE();
}
