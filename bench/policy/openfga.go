//go:build !cerbos

package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	openfgav1 "github.com/openfga/api/proto/openfga/v1"
	"github.com/openfga/language/pkg/go/transformer"
	"github.com/openfga/openfga/pkg/server"
	"github.com/openfga/openfga/pkg/storage"
	"github.com/openfga/openfga/pkg/storage/memory"
	"google.golang.org/protobuf/types/known/structpb"
)

const openfgaRoles = `model
  schema 1.1
type user
type role
  relations
    define assignee: [user]
type permission
  relations
    define granted: [role#assignee]
`

const openfgaAttributes = `model
  schema 1.1
type user
type role
  relations
    define assignee: [user]
type permission
  relations
    define granted: [role#assignee with near]

condition near(department: string, clearance: int, regions: list<string>, owner: string, level: int, region: string) {
  department == owner && clearance >= level && region in regions
}
`

// openfgaServer is the server's own code called in process, with its limits raised
// so that none cuts an answer short.
type openfgaServer struct {
	*server.Server
	store, model string
	facts        *factStore
}

func newOpenFGA(model string) (*openfgaServer, error) {
	s := &openfgaServer{facts: newFactStore(memory.New())}
	var err error
	s.Server, err = server.NewServerWithOpts(
		server.WithDatastore(s.facts), server.WithRequestTimeout(time.Hour), server.WithContext(context.Background()),
		server.WithListObjectsDeadline(time.Hour), server.WithListUsersDeadline(time.Hour),
		server.WithListObjectsMaxResults(documents), server.WithListUsersMaxResults(documents),
		server.WithResolveNodeLimit(100),
	)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	created, err := s.CreateStore(ctx, &openfgav1.CreateStoreRequest{Name: "bench"})
	if err != nil {
		return nil, err
	}
	s.store = created.GetId()
	m, err := transformer.TransformDSLToProto(model)
	if err != nil {
		return nil, err
	}
	written, err := s.WriteAuthorizationModel(ctx, &openfgav1.WriteAuthorizationModelRequest{
		StoreId: s.store, SchemaVersion: m.GetSchemaVersion(), TypeDefinitions: m.GetTypeDefinitions(), Conditions: m.GetConditions(),
	})
	s.model = written.GetAuthorizationModelId()
	return s, err
}

func (s *openfgaServer) request(object, relation, user string, about *structpb.Struct) *openfgav1.CheckRequest {
	return &openfgav1.CheckRequest{
		StoreId: s.store, AuthorizationModelId: s.model, Context: about,
		TupleKey: &openfgav1.CheckRequestTupleKey{Object: object, Relation: relation, User: user},
	}
}

func (s *openfgaServer) ask(q *openfgav1.CheckRequest) (bool, error) {
	r, err := s.Check(context.Background(), q)
	return r.GetAllowed(), err
}

func openfgaRBAC(w *rbac, attributes bool) (engine, error) {
	model, list, conditionName := openfgaRoles, w.w1, ""
	if attributes {
		model, list, conditionName = openfgaAttributes, w.w3, "near"
	}
	s, err := newOpenFGA(model)
	if err != nil {
		return engine{}, err
	}
	eachRoleFact(w, func(object, relation, subject string) {
		f := &openfgav1.TupleKey{Object: object, Relation: relation, User: subject}
		if relation == "granted" && conditionName != "" {
			f.Condition = &openfgav1.RelationshipCondition{Name: conditionName}
		}
		s.facts.add(f)
	})
	asked := make([]*openfgav1.CheckRequest, len(list))
	for i, q := range list {
		var about *structpb.Struct
		if attributes {
			if about, err = structpb.NewStruct(attributesOf(w, q)); err != nil {
				return engine{}, err
			}
		}
		asked[i] = s.request(permissionName(q.kind, q.action), "granted", "user:"+userName(q.user), about)
	}
	return engine{
		name: "openfga", check: 1_000, close: s.Close,
		ask: func(i int) (bool, error) { return s.ask(asked[i]) },
	}, nil
}

// eachRoleFact calls f for W1's facts as relations: who is in a role, and which roles a permission is granted to.
func eachRoleFact(w *rbac, f func(object, relation, subject string)) {
	for r := range w.grants {
		for p, has := range w.grants[r] {
			if has {
				f(permissionName(p/actions, p%actions), "granted", "role:"+roleName(r)+"#assignee")
			}
		}
	}
	for u, own := range w.rolesOf {
		for _, r := range own {
			f("role:"+roleName(r), "assignee", "user:"+userName(u))
		}
	}
}

func permissionName(kind, action int) string {
	return "permission:" + typeName(kind) + "/" + actionName(action)
}

func openfgaTree(w *tree) (engine, lister, error) {
	s, err := newOpenFGA(treeModel)
	if err != nil {
		return engine{}, lister{}, err
	}
	eachTreeFact(w, func(object, relation, subject string) {
		s.facts.add(&openfgav1.TupleKey{Object: object, Relation: relation, User: subject})
	})
	asked := make([]*openfgav1.CheckRequest, len(w.w2))
	for i, q := range w.w2 {
		asked[i] = s.request("document:"+documentName(q.document), "viewer", "user:"+userName(q.user), nil)
	}
	e := engine{
		name: "openfga", check: 1_000, close: s.Close,
		ask: func(i int) (bool, error) { return s.ask(asked[i]) },
	}
	return e, lister{name: "openfga", check: 5, documents: s.documents, viewers: s.viewers}, nil
}

func (s *openfgaServer) documents(user int) ([]string, error) {
	r, err := s.ListObjects(context.Background(), &openfgav1.ListObjectsRequest{
		StoreId: s.store, AuthorizationModelId: s.model, Type: "document", Relation: "viewer", User: "user:" + userName(user),
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(r.GetObjects()))
	for i, o := range r.GetObjects() {
		names[i] = strings.TrimPrefix(o, "document:")
	}
	return names, nil
}

func (s *openfgaServer) viewers(document int) ([]string, error) {
	r, err := s.ListUsers(context.Background(), &openfgav1.ListUsersRequest{
		StoreId: s.store, AuthorizationModelId: s.model, Relation: "viewer",
		Object:      &openfgav1.Object{Type: "document", Id: documentName(document)},
		UserFilters: []*openfgav1.UserTypeFilter{{Type: "user"}},
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(r.GetUsers()))
	for i, u := range r.GetUsers() {
		names[i] = u.GetObject().GetId()
		if names[i] == "" {
			return nil, fmt.Errorf("openfga gave a user %v", u)
		}
	}
	return names, nil
}

// factStore is OpenFGA's memory store for models, and three indexes for facts: its own goes
// through all facts at every read, in writing too, which would measure nothing but that.
type factStore struct {
	storage.OpenFGADatastore
	byRelation map[string][]*openfgav1.Tuple // object#relation
	bySubject  map[string][]*openfgav1.Tuple // type#relation@user
	exact      map[string]*openfgav1.Tuple
}

func newFactStore(rest storage.OpenFGADatastore) *factStore {
	return &factStore{
		OpenFGADatastore: rest, byRelation: map[string][]*openfgav1.Tuple{},
		bySubject: map[string][]*openfgav1.Tuple{}, exact: map[string]*openfgav1.Tuple{},
	}
}

func (s *factStore) add(k *openfgav1.TupleKey) {
	at, t := k.GetObject()+"#"+k.GetRelation(), &openfgav1.Tuple{Key: k}
	if s.exact[at+"@"+k.GetUser()] != nil {
		return
	}
	s.exact[at+"@"+k.GetUser()] = t
	s.byRelation[at] = append(s.byRelation[at], t)
	kind, _, _ := strings.Cut(k.GetObject(), ":")
	from := kind + "#" + k.GetRelation() + "@" + k.GetUser()
	s.bySubject[from] = append(s.bySubject[from], t)
}

func (s *factStore) Read(_ context.Context, _ string, f storage.ReadFilter, _ storage.ReadOptions) (storage.TupleIterator, error) {
	if f.Relation == "" || f.User != "" || strings.HasSuffix(f.Object, ":") {
		return nil, fmt.Errorf("a read of %q, %q, %q has no index", f.Object, f.Relation, f.User)
	}
	return storage.NewStaticTupleIterator(s.byRelation[f.Object+"#"+f.Relation]), nil
}

func (s *factStore) ReadUserTuple(_ context.Context, _ string, f storage.ReadUserTupleFilter, _ storage.ReadUserTupleOptions) (*openfgav1.Tuple, error) {
	if t := s.exact[f.Object+"#"+f.Relation+"@"+f.User]; t != nil {
		return t, nil
	}
	return nil, storage.ErrNotFound
}

func (s *factStore) ReadUsersetTuples(_ context.Context, _ string, f storage.ReadUsersetTuplesFilter, _ storage.ReadUsersetTuplesOptions) (storage.TupleIterator, error) {
	var found []*openfgav1.Tuple
	for _, t := range s.byRelation[f.Object+"#"+f.Relation] {
		if strings.Contains(t.GetKey().GetUser(), "#") {
			found = append(found, t)
		}
	}
	return storage.NewStaticTupleIterator(found), nil
}

func (s *factStore) ReadStartingWithUser(_ context.Context, _ string, f storage.ReadStartingWithUserFilter, o storage.ReadStartingWithUserOptions) (storage.TupleIterator, error) {
	var found []*openfgav1.Tuple
	for _, u := range f.UserFilter {
		name := u.GetObject()
		if u.GetRelation() != "" {
			name += "#" + u.GetRelation()
		}
		for _, t := range s.bySubject[f.ObjectType+"#"+f.Relation+"@"+name] {
			_, id, _ := strings.Cut(t.GetKey().GetObject(), ":")
			if f.ObjectIDs == nil || f.ObjectIDs.Exists(id) {
				found = append(found, t)
			}
		}
	}
	if o.WithResultsSortedAscending {
		slices.SortFunc(found, func(a, b *openfgav1.Tuple) int {
			return strings.Compare(a.GetKey().GetObject(), b.GetKey().GetObject())
		})
	}
	return storage.NewStaticTupleIterator(found), nil
}
