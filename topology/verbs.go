package topology

import (
	"slices"
	"strings"
)

// verbs are CDK's grant methods without "grant", by kind of entity.
// https://docs.aws.amazon.com/cdk/v2/guide/permissions.html
var verbs = map[Kind][]string{
	KindFunction:  {"invoke", "invokeUrl"},
	KindQueue:     {"send", "consume", "purge"},
	KindTopic:     {"publish", "subscribe"},
	KindEvent:     {"putEvents"},
	KindBus:       {"putEvents"},
	KindState:     {"start", "startSync", "read"},
	KindSecret:    {"read", "write"},
	KindParameter: {"read", "write"},
	KindKey:       {"encrypt", "decrypt", "encryptDecrypt", "sign", "verify", "signVerify", "generateMac", "verifyMac"},
	KindStream:    {"read", "write", "readWrite"},
	KindBucket:    {"read", "write", "readWrite", "put", "putAcl", "delete"},
	KindChannel:   {"publish", "subscribe"},
	KindMutation:  {"mutate"},
}

var tableVerbs = []string{"readData", "writeData", "readWriteData", "fullAccess", "streamRead"}

// synonyms are further words that users write, by kind; those of a table
// stand under KindStore.
var synonyms = map[Kind]map[string]string{
	KindStore:    {"read": "readData", "write": "writeData", "readWrite": "readWriteData", "full": "fullAccess", "stream": "streamRead"},
	KindFunction: {"call": "invoke"},
	KindQueue:    {"sendMessages": "send", "sendMessage": "send", "put": "send", "consumeMessages": "consume", "receive": "consume"},
	KindEvent:    {"put": "putEvents", "publish": "putEvents", "send": "putEvents", "putEventsTo": "putEvents"},
	KindBus:      {"put": "putEvents", "putEventsTo": "putEvents"},
	KindState:    {"startExecution": "start", "startSyncExecution": "startSync"},
	KindTopic:    {"send": "publish"},
	KindMutation: {"call": "mutate", "mutation": "mutate"},
}

// Verbs gives the access verbs that a kind of entity takes, in CDK's words.
// storeKind matters for [KindStore] only: a table and a bucket differ.
func Verbs(kind Kind, storeKind StoreKind) []string {
	if kind == KindStore {
		if storeKind == StoreBucket {
			return slices.Clone(verbs[KindBucket])
		}
		return slices.Clone(tableVerbs)
	}
	return slices.Clone(verbs[kind])
}

// Verb gives the verb that access means for a kind of entity: itself, or the
// one it is another word for ("read" on a table is readData).
func Verb(kind Kind, storeKind StoreKind, access string) (string, bool) {
	known := Verbs(kind, storeKind)
	if slices.Contains(known, access) {
		return access, true
	}
	if kind == KindStore && storeKind == StoreBucket {
		return "", false
	}
	verb, ok := synonyms[kind][access]
	return verb, ok
}

// nearVerb gives the verb that was likely meant, "" when none was. A word that
// is a verb but for its case or CDK's "grant" before it means that verb, so that
// no hint offers more than what was written.
func nearVerb(kind Kind, storeKind StoreKind, access string) string {
	word := strings.ToLower(access)
	for _, candidate := range []string{word, strings.TrimPrefix(word, "grant")} {
		for _, known := range Verbs(kind, storeKind) {
			if strings.ToLower(known) == candidate {
				return known
			}
		}
		for other := range synonyms[kind] {
			if verb, ok := Verb(kind, storeKind, other); ok && strings.ToLower(other) == candidate {
				return verb
			}
		}
	}
	return near(strings.TrimPrefix(word, "grant"), Verbs(kind, storeKind))
}
