package cloudformation

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"

	"github.com/writ-dev/writ/localcloud/store"
)

// The store's buckets, below "cloudformation".
const (
	root            = "cloudformation"
	bucketStacks    = "stacks"     // by uuid
	bucketNames     = "names"      // name -> uuid of the stack that lives
	bucketResources = "resources"  // uuid -> by logical id
	bucketEvents    = "events"     // uuid -> by sequence number
	bucketSets      = "changesets" // by uuid
	bucketExports   = "exports"    // by name
)

// exportRecord is one export.
type exportRecord struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	StackID string `json:"stackId"`
}

func uuidOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// findStack gives the stack of a name (one that lives) or of an ARN (deleted
// ones too), nil when there is none.
func (s *Service) findStack(nameOrARN string) (stack *stackRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		stack, err = lookUpStack(tx, nameOrARN)
		return err
	})
	return stack, err
}

func lookUpStack(tx *store.Tx, nameOrARN string) (*stackRecord, error) {
	uuid := uuidOf(nameOrARN)
	if !isARN(nameOrARN) {
		names, err := tx.Bucket(root, bucketNames)
		if err != nil {
			return nil, err
		}
		uuid = string(names.Get([]byte(nameOrARN)))
		if uuid == "" {
			return nil, nil
		}
	}
	b, err := tx.Bucket(root, bucketStacks)
	if err != nil {
		return nil, err
	}
	stack := &stackRecord{}
	found, err := b.GetJSON(uuid, stack)
	if err != nil || !found || isARN(nameOrARN) && stack.ID != nameOrARN {
		return nil, err
	}
	return stack, nil
}

// allStacks gives every stack, newest first.
func (s *Service) allStacks() (list []*stackRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(root, bucketStacks)
		if err != nil {
			return err
		}
		list, err = decodeAll[stackRecord](b)
		return err
	})
	slices.SortStableFunc(list, func(a, b *stackRecord) int { return b.Created.Compare(a.Created) })
	return list, err
}

func decodeAll[T any](b *store.Bucket) ([]*T, error) {
	var list []*T
	cursor := b.Cursor()
	for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
		v := new(T)
		if err := json.Unmarshal(value, v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func putStack(tx *store.Tx, stack *stackRecord) error {
	b, err := tx.Bucket(root, bucketStacks)
	if err != nil {
		return err
	}
	return b.PutJSON(stack.uuid(), stack)
}

// putName makes the stack the one that its name stands for.
func putName(tx *store.Tx, stack *stackRecord) error {
	b, err := tx.Bucket(root, bucketNames)
	if err != nil {
		return err
	}
	return b.Put([]byte(stack.Name), []byte(stack.uuid()))
}

func dropName(tx *store.Tx, stack *stackRecord) error {
	b, err := tx.Bucket(root, bucketNames)
	if err != nil {
		return err
	}
	if string(b.Get([]byte(stack.Name))) != stack.uuid() {
		return nil
	}
	return b.Delete([]byte(stack.Name))
}

// resourcesOf gives a stack's resources in template order.
func (s *Service) resourcesOf(uuid string) (list []*resourceRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(root, bucketResources, uuid)
		if err != nil {
			return err
		}
		list, err = decodeAll[resourceRecord](b)
		return err
	})
	slices.SortStableFunc(list, func(a, b *resourceRecord) int { return a.FromTemplate - b.FromTemplate })
	return list, err
}

func putResource(tx *store.Tx, uuid string, r *resourceRecord) error {
	b, err := tx.Bucket(root, bucketResources, uuid)
	if err != nil {
		return err
	}
	return b.PutJSON(r.LogicalID, r)
}

func dropResource(tx *store.Tx, uuid, logicalID string) error {
	b, err := tx.Bucket(root, bucketResources, uuid)
	if err != nil {
		return err
	}
	return b.Delete([]byte(logicalID))
}

func putEvents(tx *store.Tx, uuid string, events []eventRecord) error {
	if len(events) == 0 {
		return nil
	}
	b, err := tx.Bucket(root, bucketEvents, uuid)
	if err != nil {
		return err
	}
	for _, event := range events {
		n, err := b.NextSequence()
		if err != nil {
			return err
		}
		data, err := json.Marshal(event)
		if err != nil {
			return err
		}
		if err := b.Put(binary.BigEndian.AppendUint64(nil, n), data); err != nil {
			return err
		}
	}
	return nil
}

// eventsOf gives up to limit events of a stack, newest first, from before the
// sequence number before (0: from the newest), and where to go on.
func (s *Service) eventsOf(uuid string, before uint64, limit int) (list []eventRecord, next uint64, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(root, bucketEvents, uuid)
		if err != nil {
			return err
		}
		cursor := b.Cursor()
		key, value := cursor.Last()
		if before > 0 {
			cursor.Seek(binary.BigEndian.AppendUint64(nil, before))
			key, value = cursor.Prev()
		}
		for ; key != nil; key, value = cursor.Prev() {
			if len(list) == limit {
				next = binary.BigEndian.Uint64(key) + 1
				break
			}
			var event eventRecord
			if err := json.Unmarshal(value, &event); err != nil {
				return err
			}
			list = append(list, event)
		}
		return nil
	})
	return list, next, err
}

// changeSets gives the change sets of a stack, oldest first.
func (s *Service) changeSets(stackID string) (list []*changeSetRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		list, err = changeSetsIn(tx, stackID)
		return err
	})
	return list, err
}

func changeSetsIn(tx *store.Tx, stackID string) ([]*changeSetRecord, error) {
	b, err := tx.Bucket(root, bucketSets)
	if err != nil {
		return nil, err
	}
	list, err := decodeAll[changeSetRecord](b)
	list = slices.DeleteFunc(list, func(set *changeSetRecord) bool { return set.StackID != stackID })
	slices.SortStableFunc(list, func(a, b *changeSetRecord) int { return a.Created.Compare(b.Created) })
	return list, err
}

func putChangeSet(tx *store.Tx, set *changeSetRecord) error {
	b, err := tx.Bucket(root, bucketSets)
	if err != nil {
		return err
	}
	return b.PutJSON(uuidOf(set.ID), set)
}

func dropChangeSet(tx *store.Tx, set *changeSetRecord) error {
	b, err := tx.Bucket(root, bucketSets)
	if err != nil {
		return err
	}
	return b.Delete([]byte(uuidOf(set.ID)))
}

// stackOfChangeSet gives the stack that a change set's ARN belongs to.
func (s *Service) stackOfChangeSet(arn string) (stackID string, ok bool) {
	if !isARN(arn) {
		return "", false
	}
	set := &changeSetRecord{}
	err := s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(root, bucketSets)
		if err != nil {
			return err
		}
		ok, err = b.GetJSON(uuidOf(arn), set)
		return err
	})
	return set.StackID, ok && err == nil
}

// exports gives all exports by name, sorted.
func (s *Service) exports() (list []*exportRecord, err error) {
	err = s.cfg.DB.View(func(tx *store.Tx) error {
		b, err := tx.Bucket(root, bucketExports)
		if err != nil {
			return err
		}
		list, err = decodeAll[exportRecord](b)
		return err
	})
	return list, err
}
