package topology

// The grants of entities other than functions and stores. Their names are those
// of CDK's grants; a nil grantee is left alone, as nobody would get the right.

// GrantSendMessages lets grantee send messages to the queue.
func (q *Queue) GrantSendMessages(grantee *Function) { q.grant(grantee, "send") }

// GrantConsumeMessages lets grantee receive and delete the queue's messages.
func (q *Queue) GrantConsumeMessages(grantee *Function) { q.grant(grantee, "consume") }

// GrantPurge lets grantee empty the queue.
func (q *Queue) GrantPurge(grantee *Function) { q.grant(grantee, "purge") }

func (q *Queue) grant(grantee *Function, access string) {
	if q == nil {
		grantee.grantNil(access, "queue")
		return
	}
	grantee.grantOn(KindQueue, q.Name, access)
}

// NameRef stands for the queue's AWS name in an environment value.
func (q *Queue) NameRef() string { return "${queues." + q.Name + ".name}" }

// ARNRef stands for the queue's ARN in an environment value.
func (q *Queue) ARNRef() string { return "${queues." + q.Name + ".arn}" }

// URLRef stands for the queue's URL in an environment value.
func (q *Queue) URLRef() string { return "${queues." + q.Name + ".url}" }

// GrantPutEvents lets grantee publish the event, and no other.
func (e *Event) GrantPutEvents(grantee *Function) { e.grant(grantee, "putEvents") }

func (e *Event) grant(grantee *Function, access string) {
	if e == nil {
		grantee.grantNil(access, "event")
		return
	}
	grantee.grantOn(KindEvent, e.Name, access)
}

// GrantPutEventsTo lets grantee publish any event on the bus.
func (b *Bus) GrantPutEventsTo(grantee *Function) { b.grant(grantee, "putEvents") }

func (b *Bus) grant(grantee *Function, access string) {
	if b == nil {
		grantee.grantNil(access, "bus")
		return
	}
	grantee.grantOn(KindBus, b.Name, access)
}

// NameRef stands for the bus's AWS name in an environment value.
func (b *Bus) NameRef() string { return "${buses." + b.Name + ".name}" }

// ARNRef stands for the bus's ARN in an environment value.
func (b *Bus) ARNRef() string { return "${buses." + b.Name + ".arn}" }

// GrantPublish lets grantee publish to the topic.
func (t *Topic) GrantPublish(grantee *Function) { t.grant(grantee, "publish") }

// GrantSubscribe lets grantee subscribe to the topic.
func (t *Topic) GrantSubscribe(grantee *Function) { t.grant(grantee, "subscribe") }

func (t *Topic) grant(grantee *Function, access string) {
	if t == nil {
		grantee.grantNil(access, "topic")
		return
	}
	grantee.grantOn(KindTopic, t.Name, access)
}

// NameRef stands for the topic's AWS name in an environment value.
func (t *Topic) NameRef() string { return "${topics." + t.Name + ".name}" }

// ARNRef stands for the topic's ARN in an environment value.
func (t *Topic) ARNRef() string { return "${topics." + t.Name + ".arn}" }

// GrantRead lets grantee read the stream's records.
func (s *Stream) GrantRead(grantee *Function) { s.grant(grantee, "read") }

// GrantWrite lets grantee put records into the stream.
func (s *Stream) GrantWrite(grantee *Function) { s.grant(grantee, "write") }

// GrantReadWrite lets grantee read and put records.
func (s *Stream) GrantReadWrite(grantee *Function) { s.grant(grantee, "readWrite") }

func (s *Stream) grant(grantee *Function, access string) {
	if s == nil {
		grantee.grantNil(access, "stream")
		return
	}
	grantee.grantOn(KindStream, s.Name, access)
}

// NameRef stands for the stream's AWS name in an environment value.
func (s *Stream) NameRef() string { return "${streams." + s.Name + ".name}" }

// ARNRef stands for the stream's ARN in an environment value.
func (s *Stream) ARNRef() string { return "${streams." + s.Name + ".arn}" }

// GrantRead lets grantee read the secret's value.
func (s *Secret) GrantRead(grantee *Function) { s.grant(grantee, "read") }

// GrantWrite lets grantee change the secret's value.
func (s *Secret) GrantWrite(grantee *Function) { s.grant(grantee, "write") }

func (s *Secret) grant(grantee *Function, access string) {
	if s == nil {
		grantee.grantNil(access, "secret")
		return
	}
	grantee.grantOn(KindSecret, s.Name, access)
}

// ARNRef stands for the secret's ARN in an environment value.
func (s *Secret) ARNRef() string { return "${secrets." + s.Name + ".arn}" }

// GrantRead lets grantee read the parameter.
func (p *Parameter) GrantRead(grantee *Function) { p.grant(grantee, "read") }

// GrantWrite lets grantee change the parameter.
func (p *Parameter) GrantWrite(grantee *Function) { p.grant(grantee, "write") }

func (p *Parameter) grant(grantee *Function, access string) {
	if p == nil {
		grantee.grantNil(access, "parameter")
		return
	}
	grantee.grantOn(KindParameter, p.Name, access)
}

// NameRef stands for the parameter's AWS name in an environment value.
func (p *Parameter) NameRef() string { return "${parameters." + p.Name + ".name}" }

// ARNRef stands for the parameter's ARN in an environment value.
func (p *Parameter) ARNRef() string { return "${parameters." + p.Name + ".arn}" }

// GrantEncrypt lets grantee encrypt with the key.
func (k *EncryptionKey) GrantEncrypt(grantee *Function) { k.grant(grantee, "encrypt") }

// GrantDecrypt lets grantee decrypt with the key.
func (k *EncryptionKey) GrantDecrypt(grantee *Function) { k.grant(grantee, "decrypt") }

// GrantEncryptDecrypt lets grantee encrypt and decrypt with the key.
func (k *EncryptionKey) GrantEncryptDecrypt(grantee *Function) { k.grant(grantee, "encryptDecrypt") }

// GrantSign lets grantee sign with the key, which must be a key for that.
func (k *EncryptionKey) GrantSign(grantee *Function) { k.grant(grantee, "sign") }

// GrantVerify lets grantee verify signatures with the key.
func (k *EncryptionKey) GrantVerify(grantee *Function) { k.grant(grantee, "verify") }

// GrantSignVerify lets grantee sign, and verify signatures.
func (k *EncryptionKey) GrantSignVerify(grantee *Function) { k.grant(grantee, "signVerify") }

// GrantGenerateMAC lets grantee make authentication codes with the key.
func (k *EncryptionKey) GrantGenerateMAC(grantee *Function) { k.grant(grantee, "generateMac") }

// GrantVerifyMAC lets grantee verify authentication codes with the key.
func (k *EncryptionKey) GrantVerifyMAC(grantee *Function) { k.grant(grantee, "verifyMac") }

func (k *EncryptionKey) grant(grantee *Function, access string) {
	if k == nil {
		grantee.grantNil(access, "key")
		return
	}
	grantee.grantOn(KindKey, k.Name, access)
}

// IDRef stands for the key's id in an environment value.
func (k *EncryptionKey) IDRef() string { return "${keys." + k.Name + ".id}" }

// ARNRef stands for the key's ARN in an environment value.
func (k *EncryptionKey) ARNRef() string { return "${keys." + k.Name + ".arn}" }

func (f *Function) grantOn(kind Kind, name, access string) {
	if f != nil {
		f.GrantAccess(kind, name, access)
	}
}

func (f *Function) grantNil(access, what string) {
	if f != nil {
		f.wrong("a grant of " + access + " on a " + what + " that is nil")
	}
}

// OnSuccessFunction has Lambda call next with the result of an asynchronous
// call of f that succeeded. Lambda takes one thing to follow a function.
func (f *Function) OnSuccessFunction(next *Function) {
	if f != nil && next != nil {
		f.leadTo(KindFunction, next.Name)
	}
}

// OnSuccessQueue has Lambda send it to a queue.
func (f *Function) OnSuccessQueue(q *Queue) {
	if f != nil && q != nil {
		f.leadTo(KindQueue, q.Name)
	}
}

// OnSuccessTopic has Lambda publish it to a topic.
func (f *Function) OnSuccessTopic(t *Topic) {
	if f != nil && t != nil {
		f.leadTo(KindTopic, t.Name)
	}
}

// OnSuccessEvent has Lambda publish it as an event.
func (f *Function) OnSuccessEvent(e *Event) {
	if f != nil && e != nil {
		f.leadTo(KindEvent, e.Name)
	}
}

func (f *Function) leadTo(kind Kind, name string) {
	f.Targets = append(f.Targets, Target{Kind: kind, Name: name, Pos: callerPosition()})
}
