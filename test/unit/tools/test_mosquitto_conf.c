/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* mosquitto.conf: to which listeners each plugin applies, and to which plugin each option belongs. */
#include "broker/mosquitto_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LISTENERS 3 /* with the default listener */

static void read_conf(struct cg_conf *conf, const char *text)
{
    struct cg_error err = {""};
    if (!cg_conf_parse(conf, "test.conf", text, strlen(text), &err))
        fail_msg("%s: %s", text, err.text);
}

static void plugins_apply_to_listeners(void **state)
{
    (void)state;
    static const struct {
        const char *text, *applies; /* for each plugin: the listeners, then "g" if it is global, and "," */
    } rows[] = {
        {"plugin a.so\nlistener 1\nlistener 2\n", "012g,"},
        {"listener 1\nplugin a.so\nlistener 2\nglobal_plugin b.so\n", "012g,012g,"},
        {"per_listener_settings true\nlistener 1\nplugin a.so\nlistener 2\nglobal_plugin b.so\n", "1,012g,"},
        {"per_listener_settings true\nlistener 1\nplugin a.so\nlistener 2\nplugin a.so\n", "1,2,"},
        {"plugin_load a a.so\nlistener 1\nlistener 2\n", ","},
        {"plugin_load a a.so\nplugin_load ab b.so\nlistener 1\nplugin_use ab\nlistener 2\nplugin_use ab\nplugin_use "
         "a\n",
         "2,12,"},
        {"plugin_load a a.so\nlistener 1\nplugin_use unknown\nplugin b.so\nlistener 2\nplugin_use a\n", "2,012g,"},
        {"per_listener_settings true\nplugin_load a a.so\nlistener 1\nplugin_use a\nlistener 2\n", "1,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_conf conf;
        char applies[64] = "";
        read_conf(&conf, rows[i].text);
        for (unsigned p = 1; p <= conf.plugins; p++) {
            for (unsigned l = 0; l < LISTENERS; l++)
                if (cg_conf_plugin_applies(&conf, p, l))
                    snprintf(applies + strlen(applies), 8, "%u", l);
            snprintf(applies + strlen(applies), 8, "%s", cg_conf_plugin_is_global(&conf, p) ? "g," : ",");
        }
        assert_string_equal(applies, rows[i].applies);
        assert_false(cg_conf_plugin_applies(&conf, 0, 1));
        cg_conf_clear(&conf);
    }
}

static void options_belong_to_a_plugin(void **state)
{
    (void)state;
    static const struct {
        const char *text, *policy, *list; /* of the first and the second plugin; NULL: none */
    } rows[] = {
        {"plugin a.so\nplugin_opt_policy P\nplugin b.so\nplugin_opt_acl_file L\n", "P", "L"},
        {"plugin_load a a.so\nplugin_load b b.so\nplugin_opt_policy P\n", NULL, NULL},
        {"plugin_load a a.so\nplugin_load b b.so\nlistener 1\nplugin_use a\nplugin_opt_policy P\n", "P", NULL},
        {"plugin_load a a.so\nplugin_load b b.so\nlistener 1\nplugin_use a\nauth_opt_policy P\nplugin_use b\n"
         "plugin_opt_acl_file L\n",
         "P", "L"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cg_conf conf;
        read_conf(&conf, rows[i].text);
        const struct cg_conf_line *policy = cg_conf_plugin_option(&conf, 1, "policy");
        const struct cg_conf_line *list = cg_conf_plugin_option(&conf, 2, "acl_file");
        assert_string_equal(policy ? policy->value : "none", rows[i].policy ? rows[i].policy : "none");
        assert_string_equal(list ? list->value : "none", rows[i].list ? rows[i].list : "none");
        cg_conf_clear(&conf);
    }
}

static void plugins_of_mosquitto_are_known_by_their_file(void **state)
{
    (void)state;
    struct cg_conf conf;
    read_conf(
        &conf,
        "plugin /usr/lib/mosquitto_acl_file.so\nplugin_load mosquitto_acl_file  /usr/lib/mosquitto_certguard.so\n");
    assert_true(cg_conf_plugin_is(&conf, 1, CG_CONF_ACL_PLUGIN));
    assert_false(cg_conf_plugin_is(&conf, 2, CG_CONF_ACL_PLUGIN));
    assert_false(cg_conf_plugin_is(&conf, 3, CG_CONF_ACL_PLUGIN));
    assert_int_equal(cg_conf_certguard(&conf), 2);
    cg_conf_clear(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_apply_to_listeners),
        cmocka_unit_test(options_belong_to_a_plugin),
        cmocka_unit_test(plugins_of_mosquitto_are_known_by_their_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
