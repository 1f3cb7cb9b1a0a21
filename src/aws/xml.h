/*
 * xml.h
 *	  Elements out of a small XML answer (S3, STS).
 */
#ifndef ATHENA_XML_H
#define ATHENA_XML_H

#include <stdbool.h>
#include <stddef.h>

extern bool xml_next(const char **p, const char *end, const char *tag, const char **inner,
					 size_t *len);
extern bool xml_text(const char *doc, size_t len, const char *tag, char *out, size_t outlen);

#endif /* ATHENA_XML_H */
