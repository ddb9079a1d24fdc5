/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "cmd/front.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "cmd/output.h"

static int run(struct front *front, struct parsed *p, struct err *err)
{
	const struct global_options *o = &front->options;

	if (o->help && p->command)
		help_print_command(stdout, p->command);
	else if (o->help)
		help_print_all(stdout);
	else if (o->version)
		printf("ota %s\n", OTA_VERSION);
	else
		return p->command->run(front, p->args, p->argc, p->argv, err);
	return 0;
}

static int parse_and_run(struct front *front, int argc, char **argv, struct err *err)
{
	struct parsed p;
	int rc = options_parse(front, argc, argv, &p, err);

	if (rc == 0) {
		const struct global_options *o = &front->options;

		progress_view_set(&front->view, progress_mode_choose(o->progress, o->quiet, o->json,
							isatty(STDERR_FILENO)));
		rc = run(front, &p, err);
	}
	options_free(&p);
	return rc;
}

/* Threads of ours rarely allocate, so none needs a heap of its own, and large buffers go back to
 * the kernel: what a step is done with is not kept for the next. */
static void spare_memory(void)
{
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 512 << 10);
	mallopt(M_TRIM_THRESHOLD, 512 << 10);
#endif
}

int main(int argc, char **argv)
{
	struct front front = {0};
	struct err err = {0};

	spare_memory();
	interrupt_arm();
	int rc = parse_and_run(&front, argc, argv, &err);
	if (rc == 0)
		rc = output_finish(&err);
	int status = front.status;
	if (rc < 0) {
		if (!status)
			status = code_exit_status(err.code);
		output_error(&front, &err, status);
	}
	front_free(&front);
	return status;
}
