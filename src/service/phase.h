/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor does next: a table of (phase, event), pure. "Old" is the container of the
 * current version, "new" that of the candidate; after the commit the new one is the current, and
 * the old one is leaving.
 */
#ifndef OTA_SERVICE_PHASE_H
#define OTA_SERVICE_PHASE_H

enum phase {
	PHASE_RUN,      /* the old one runs, or is about to be started again */
	PHASE_HOLD,     /* it stands still while its next version is downloaded */
	PHASE_CLEAR,    /* it is being stopped to make room for the new one */
	PHASE_TRY_BOTH, /* the new one is to become ready, beside the old one */
	PHASE_TRY,      /* the new one is to become ready, alone */
	PHASE_UNDO,     /* the new one is being stopped; the old one goes on */
	PHASE_DRAIN,    /* committed; the old one is leaving */
	PHASE_DOOM,     /* the same, but the new one has failed already */
	PHASE_WATCH,    /* the new one is alone, and has to prove itself for a while */
	PHASE_END,      /* all is being stopped */
	PHASE_COUNT
};

enum event {
	EVENT_HAND_OVER, /* a client asks to move to another version, without a gap */
	EVENT_REPLACE,   /* the same, the old one being stopped first */
	EVENT_HOLD,      /* a client asks for a standstill */
	EVENT_HANG_UP,   /* the client is gone */
	EVENT_OLD_GONE,  /* the container of the current version has ended */
	EVENT_NEW_UP,    /* the candidate's container has been started */
	EVENT_NEW_READY,
	EVENT_NEW_BAD,  /* it ended, could not be started or was not ready in time */
	EVENT_NEW_GONE, /* and is gone now */
	EVENT_LEFT,     /* the one that was leaving is gone */
	EVENT_SICK,     /* the current one fails its health check */
	EVENT_WATCHED,  /* nothing happened for long enough */
	EVENT_END,      /* a signal, or `stop` */
	EVENT_COUNT
};

/* In this order. */
enum action {
	ACTION_PREPARE = 1 << 0, /* journal: PREPARED */
	ACTION_STOP_OLD = 1 << 1,
	ACTION_START_NEW = 1 << 2,
	ACTION_NOTE_UP = 1 << 3, /* journal: STARTED */
	ACTION_COMMIT = 1 << 4,  /* journal: READY, COMMITTED; what it cannot note is no commit */
	ACTION_LEAVE = 1 << 5,   /* journal: DRAINING; the old one is told to finish */
	ACTION_WATCH = 1 << 6,   /* journal: WATCHING; the client hears of it */
	ACTION_GIVE_UP = 1 << 7, /* journal: SETTLED, the candidate has failed */
	ACTION_STOP_NEW = 1 << 8,
	ACTION_TELL_HELD = 1 << 9,      /* the client hears that all stands still */
	ACTION_TELL_BAD = 1 << 10,      /* the client hears what went wrong */
	ACTION_ROLL_BACK = 1 << 11,     /* journal: the previous version is the current one again */
	ACTION_RUN_OLD = 1 << 12,       /* start it, unless it runs; at once */
	ACTION_RESTART = 1 << 13,       /* start it by its restart policy */
	ACTION_STOP_OLD_SICK = 1 << 14, /* one that must be started anew */
	ACTION_SETTLE = 1 << 15,        /* journal: SETTLED */
	ACTION_STOP_ALL = 1 << 16,
	ACTION_REFUSE = 1 << 17, /* the client hears that this is no time for it */
};

struct move {
	enum phase next;
	unsigned actions;
};

struct move phase_next(enum phase phase, enum event event);

const char *phase_name(enum phase phase);

#endif
