/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loaded.h"

#include <dlfcn.h>
#include <link.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Its code was changed when it was loaded, and the file has it as it was. */
static bool is_relocated(const struct dl_phdr_info *info)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type != PT_DYNAMIC)
			continue;
		const ElfW(Dyn) *d = (const void *)(info->dlpi_addr + p->p_vaddr);
		for (; d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_TEXTREL ||
				(d->d_tag == DT_FLAGS && d->d_un.d_val & DF_TEXTREL))
				return true;
		return false;
	}
	return true; /* no library, but what the kernel gives each process */
}

static int trim(struct dl_phdr_info *info, size_t size, void *ctx)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size, (void)ctx;
	if (is_relocated(info))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			madvise((void *)(begin / page * page), p->p_memsz + begin % page,
				MADV_DONTNEED);
	}
	return 0;
}

void loaded_trim(void)
{
	dl_iterate_phdr(trim, NULL);
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

int loaded_library(const char *soname, const char *what, const struct loaded_symbol *symbols,
	size_t n, struct err *err)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return err_set(err, OTA_CONFIG, "%s: %s", what, dlerror());
	for (size_t i = 0; i < n; i++) {
		void *found = dlsym(library, symbols[i].name);
		if (!found) {
			dlclose(library);
			return err_set(err, OTA_CONFIG, "%s: %s lacks %s()", what, soname,
				symbols[i].name);
		}
		memcpy(symbols[i].function, &found, sizeof(found));
	}
	return 0;
}
