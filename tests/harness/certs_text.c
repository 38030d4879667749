/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates that are described by a line of text: see certs.h. */
#include <stdlib.h>
#include <string.h>

#include "certs.h"

#define NAMES_MAX 60

struct description {
	struct certificate_parameters parameters;
	struct certificate_name names[NAMES_MAX + 1];
	size_t count;
};

static const struct {
	const char *word;
	gnutls_x509_subject_alt_name_t type;
} types[] = {
	{ "dns", GNUTLS_SAN_DNSNAME },	     { "ip", GNUTLS_SAN_IPADDRESS },
	{ "uri", GNUTLS_SAN_URI },	     { "email", GNUTLS_SAN_RFC822NAME },
	{ "srv", GNUTLS_SAN_OTHERNAME_SRV },
};

/* "word:value"; false: it makes no sense. */
static bool
take_item(struct description *description, char *item)
{
	char *value = strchr(item, ':');
	struct certificate_name *name;
	size_t i;

	if (value == NULL || description->count == NAMES_MAX)
		return false;
	*value++ = '\0';
	if (strcmp(item, "cn") == 0) {
		description->parameters.common_name = value;
		return true;
	}
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].word, item) != 0)
			continue;
		name = &description->names[description->count++];
		name->type = types[i].type;
		name->value = value;
		return true;
	}
	return false;
}

struct credentials *
credentials_describe(const char *text, const struct credentials *issuer)
{
	struct description description;
	struct credentials *made = NULL;
	char *copy = strdup(text);
	char *item = copy;
	char *comma;
	bool good = copy != NULL;

	memset(&description, 0, sizeof(description));
	while (good && item != NULL) {
		comma = strchr(item, ',');
		if (comma != NULL)
			*comma++ = '\0';
		good = take_item(&description, item);
		item = comma;
	}
	description.parameters.names = description.names;
	description.parameters.purposes = CERTIFICATE_FOR_SERVER;
	description.parameters.issuer = issuer;
	if (good)
		made = credentials_new(&description.parameters);
	free(copy);
	return made;
}
