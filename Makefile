# athena_fdw: PostgreSQL foreign-data wrapper for AWS Athena
#
#	make && make install		needs pg_config (or PG_CONFIG=...), libcurl, OpenSSL, json-c
#	make installcheck		sql/ against a running server; see README, Tests
#	test/check			everything, on a throw-away cluster

MODULE_big = athena_fdw
EXTENSION = athena_fdw
DATA = athena_fdw--0.1.sql
PGFILEDESC = "athena_fdw - foreign-data wrapper for AWS Athena"

OBJS = athena_fdw.o $(patsubst %.c,%.o,$(sort $(wildcard src/*/*.c)))

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --inputdir=. --load-extension=athena_fdw

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)

# Our own code is built without a warning; the server's headers are not ours.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -Isrc -D_GNU_SOURCE \
	-DATHENA_FDW_VERSION='"0.1"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter $(WERROR)
SHLIB_LINK = -lcurl -lcrypto -ljson-c

include $(PGXS)

$(OBJS): $(wildcard src/*.h src/*/*.h)
