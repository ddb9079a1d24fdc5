/* SPDX-License-Identifier: Apache-2.0 */
/* The applier: layers that only make sense upon others, seen through an overlay. */
#include <sys/mount.h>

#include "tests/unit/layer_world.h"

#define OLD 1500000000

/* What lies below: made by a shell, in the folder `below` of the scratch folder. */
static const char *const below =
	"set -e; cd %s; mkdir -p below/usr/lib below/etc/deep below/gone below/opaque below/mixed "
	"work view;"
	"ln -s usr/lib below/lib; printf old >below/etc/conf; printf old >below/usr/lib/so;"
	"printf x >below/gone/f; printf x >below/opaque/f; printf x >below/mixed/f;"
	"printf x >below/etc/deep/f; chmod 750 below/etc; chown 3:4 below/etc;"
	"find below -depth -exec touch -h -d @1500000000 {} +";

static int view_mount(struct layer *l)
{
	char options[512], view[160];
	const char *slash = strrchr(l->root, '/');
	int dir = (int)(slash - l->root);

	snprintf(options, sizeof(options), "lowerdir=%.*s/below,upperdir=%s,workdir=%.*s/work", dir,
		l->root, l->root, dir, l->root);
	snprintf(view, sizeof(view), "%.*s/view", dir, l->root);
	assert_int_equal(mount("overlay", view, "overlay", 0, options), 0);
	return open(view, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int lower_make(void **state)
{
	char command[1024];

	if (scratch_make(state) < 0)
		return -1;
	snprintf(command, sizeof(command), below, (char *)*state);
	return system(command);
}

static int lower_remove(void **state)
{
	umount2(at(state, "view"), MNT_DETACH);
	return scratch_remove(state);
}

static int lend_view(struct layer *l)
{
	static int fd = -1;

	if (fd >= 0)
		close(fd);
	return fd = view_mount(l);
}

/* Has the layer shown anew by the kernel, upon what is below, as a container would see it. */
static void look(void **state, struct layer *l)
{
	umount2(at(state, "view"), MNT_DETACH);
	int fd = view_mount(l);

	assert_true(fd >= 0);
	dup2(fd, l->root_fd);
	close(fd);
}

static void a_layer_alone_needs_no_other(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FOLDER("etc"));
	tar_put(&l->tar, TAR_FILE("etc/conf", "new"));
	tar_put(&l->tar, TAR_FILE("etc/.wh.deep", ""));
	tar_put(&l->tar, TAR_FILE(".wh.gone", ""));
	tar_put(&l->tar, TAR_FOLDER("opaque"));
	tar_put(&l->tar, TAR_FILE("opaque/.wh..wh..opq", ""));
	tar_put(&l->tar, TAR_FILE(".wh.mixed", ""));
	tar_put(&l->tar, TAR_FOLDER("mixed"));
	tar_put(&l->tar, TAR_FILE("mixed/new", ""));
	layer_works(l);
	assert_int_equal(l->lower_calls, 0);
	look(state, l);
	assert_text(l, "etc/conf", "new");
	assert_false(is_there(l, "etc/deep"));
	assert_false(is_there(l, "gone"));
	assert_true(is_there(l, "opaque"));
	assert_false(is_there(l, "opaque/f"));
	assert_true(is_there(l, "mixed/new"));
	assert_false(is_there(l, "mixed/f"));
	assert_text(l, "usr/lib/so", "old");
}

static void folders_from_below(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	struct stat st;

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FILE("first", "of the layer alone"));
	tar_put(&l->tar, TAR_FILE("etc/conf", "new"));
	tar_put(&l->tar, TAR_FILE("lib/new", "in usr"));
	tar_put(&l->tar, TAR_FILE("lib/2", ""));
	tar_put(&l->tar, TAR_FILE("no/where", ""));
	layer_works(l);
	assert_int_equal(l->lower_calls, 1);
	assert_true(l->result.by_chain);
	assert_false(l->result.lowest);
	assert_false(l->result.replaced);
	assert_text(l, "usr/lib/new", "in usr");
	look(state, l);
	st = stat_of(l, "etc");
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(st.st_uid, 3);
	assert_int_equal(st.st_mtime, OLD);
	assert_int_equal(stat_of(l, "usr/lib").st_mtime, OLD);
	assert_int_equal(stat_of(l, "no").st_mtime, 0);
	assert_text(l, "first", "of the layer alone");
	assert_text(l, "etc/conf", "new");
	assert_true(S_ISLNK(stat_of(l, "lib").st_mode));
	assert_text(l, "usr/lib/so", "old");
	assert_text(l, "etc/deep/f", "x");
}

static void hard_links_to_what_is_below(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	struct err err;

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FOLDER("d"));
	tar_put(&l->tar, TAR_HARD("d/h", "etc/conf"));
	tar_put(&l->tar, TAR_HARD("d/h2", "lib/so"));
	layer_works(l);
	assert_true(l->result.by_chain);
	look(state, l);
	assert_text(l, "d/h", "old");
	assert_text(l, "d/h2", "old");
	assert_int_equal(stat_of(l, "d/h").st_ino, stat_of(l, "etc/conf").st_ino);

	AUTO_LAYER *none = layer_new(state);
	umount2(at(state, "view"), MNT_DETACH);
	none->lower = lend_view;
	tar_put(&none->tar, TAR_HARD("h", "etc/none"));
	tar_end(&none->tar);
	assert_fails(layer_unpack(none, &err), OTA_CORRUPT);
}

static void whiteouts_upon_the_view(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FILE(".wh.gone", "")); /* still alone */
	tar_put(&l->tar, TAR_FOLDER("mixed"));
	tar_put(&l->tar, TAR_FILE("mixed/own", "own"));
	tar_put(&l->tar, TAR_FILE("etc/.wh.deep", "")); /* from here on upon the view */
	tar_put(&l->tar, TAR_FILE("etc/new", "new"));
	tar_put(&l->tar, TAR_FILE("etc/.wh.new", "")); /* hides nothing */
	tar_put(&l->tar, TAR_FILE("etc/.wh.none", ""));
	tar_put(&l->tar, TAR_FILE(".wh.mixed", ""));
	tar_put(&l->tar, TAR_FILE("opaque/own", "own"));
	tar_put(&l->tar, TAR_FILE("opaque/.wh..wh..opq", ""));
	tar_put(&l->tar, TAR_FILE("usr/lib/.wh.so", ""));
	tar_put(&l->tar, TAR_FILE("usr/lib/so", "back"));
	layer_works(l);
	assert_true(l->result.by_chain);
	assert_false(l->result.replaced);
	look(state, l);
	assert_false(is_there(l, "gone"));
	assert_false(is_there(l, "etc/deep"));
	assert_text(l, "etc/new", "new");
	assert_text(l, "etc/conf", "old");
	assert_text(l, "mixed/own", "own");
	assert_false(is_there(l, "mixed/f"));
	assert_text(l, "opaque/own", "own");
	assert_false(is_there(l, "opaque/f"));
	assert_text(l, "usr/lib/so", "back");
	assert_int_equal(stat_of(l, "usr/lib").st_mtime, OLD);
}

/* What it would not be upon others is told. */
static void right_as_the_lowest_alone(void **state)
{
	AUTO_LAYER *made = layer_new(state), *opaque = layer_new(state), *any = layer_new(state);

	tar_put(&made->tar, TAR_FILE("no/where", ""));
	tar_put(&made->tar, TAR_FOLDER("no"));
	layer_works(made);
	assert_true(made->result.lowest);
	tar_put(&opaque->tar, TAR_FILE(".wh..wh..opq", ""));
	layer_works(opaque);
	assert_true(opaque->result.lowest);
	tar_put(&any->tar, TAR_FOLDER("d"));
	tar_put(&any->tar, TAR_FILE("d/.wh..wh..opq", ""));
	tar_put(&any->tar, TAR_FILE("d/f", ""));
	layer_works(any);
	assert_false(any->result.lowest);
}

static void an_opaque_root_hides_all(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FILE("own", "own"));
	tar_put(&l->tar, TAR_FOLDER("etc"));
	tar_put(&l->tar, TAR_FILE("etc/own", "own"));
	tar_put(&l->tar, TAR_FILE(".wh..wh..opq", ""));
	layer_works(l);
	assert_true(l->result.by_chain);
	look(state, l);
	assert_text(l, "own", "own");
	assert_text(l, "etc/own", "own");
	assert_false(is_there(l, "etc/conf"));
	assert_false(is_there(l, "usr"));
	assert_false(is_there(l, "lib"));
}

static void what_is_below_is_replaced(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FILE("etc/conf", "new"));
	tar_put(&l->tar, TAR_FILE("mixed", "now a file"));
	tar_put(&l->tar, TAR_LINK("opaque", "etc"));
	tar_put(&l->tar, TAR_FOLDER("lib"));
	tar_put(&l->tar, TAR_FILE("lib/f", "no link any more"));
	layer_works(l);
	assert_false(l->result.replaced);
	look(state, l);
	assert_text(l, "etc/conf", "new");
	assert_text(l, "mixed", "now a file");
	assert_true(S_ISLNK(stat_of(l, "opaque").st_mode));
	assert_text(l, "lib/f", "no link any more");
	assert_false(is_there(l, "usr/lib/f"));
}

static void what_it_made_before_is_replaced(void **state)
{
	AUTO_LAYER *l = layer_new(state);

	l->lower = lend_view;
	tar_put(&l->tar, TAR_FILE("etc/conf", "new"));
	tar_put(&l->tar, TAR_FILE("etc/conf", "newer"));
	layer_works(l);
	assert_true(l->result.replaced);
	look(state, l);
	assert_text(l, "etc/conf", "newer");
}

static int lower_fails(struct layer *l)
{
	(void)l;
	return -1;
}

static void a_failure_below_is_one(void **state)
{
	AUTO_LAYER *l = layer_new(state);
	struct err err;

	l->lower = lower_fails;
	tar_put(&l->tar, TAR_FILE("etc/conf", "new"));
	tar_end(&l->tar);
	assert_int_equal(layer_unpack(l, &err), -1);
	assert_false(is_there(l, "etc"));
}

#define on_layers(test) cmocka_unit_test_setup_teardown(test, lower_make, lower_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_layers(a_layer_alone_needs_no_other),
		on_layers(folders_from_below),
		on_layers(hard_links_to_what_is_below),
		on_layers(whiteouts_upon_the_view),
		on_layers(right_as_the_lowest_alone),
		on_layers(an_opaque_root_hides_all),
		on_layers(what_is_below_is_replaced),
		on_layers(what_it_made_before_is_replaced),
		on_layers(a_failure_below_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
