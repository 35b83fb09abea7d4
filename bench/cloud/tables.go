package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

type clients struct {
	dynamodb *dynamodb.Client
	lambda   *lambda.Client
}

// connect makes clients with the developer's credentials.
func connect(c *cloud) (clients, error) {
	data, err := os.ReadFile(filepath.Join(c.dir, ".writ", "local.json"))
	if err != nil {
		return clients{}, err
	}
	var found struct{ Region, AccessKeyID, SecretAccessKey, SessionToken string }
	if err := json.Unmarshal(data, &found); err != nil {
		return clients{}, err
	}
	return clientsFor(c.AWS, found.Region, aws.Credentials{
		AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken,
	}), nil
}

func clientsFor(endpoint, region string, given aws.Credentials) clients {
	cfg := aws.Config{
		Region: region, BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return given, nil }),
	}
	return clients{dynamodb.NewFromConfig(cfg), lambda.NewFromConfig(cfg)}
}

// measureTables measures PutItem and GetItem, Writ's signed, authorised and
// durable; dynalite's as it is (no signature check, no IAM, kept in memory).
func measureTables(ctx context.Context, writ, dir, dynalite string) error {
	c, err := start(writ, dir)
	if err != nil {
		return err
	}
	defer c.stop()
	ours, err := connect(c)
	if err != nil {
		return err
	}
	if err := tableFigures(ctx, "writ", ours.dynamodb); err != nil {
		return err
	}
	if dynalite == "" {
		return nil
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	server := exec.Command("node", "-e", fmt.Sprintf(`require("dynalite")({createTableMs:0}).listen(%d,"127.0.0.1")`, port))
	server.Dir, server.Stderr = dynalite, os.Stderr
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	time.Sleep(2 * time.Second)
	peer := clientsFor(fmt.Sprintf("http://127.0.0.1:%d", port), "us-east-1", aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"})
	return tableFigures(ctx, "dynalite", peer.dynamodb)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func tableFigures(ctx context.Context, who string, db *dynamodb.Client) error {
	table := "bench"
	_, err := db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		return err
	}
	defer func() { _, _ = db.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table}) }()
	time.Sleep(200 * time.Millisecond)
	key := func(i int) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: fmt.Sprint(i % 1000)}}
	}
	put := func(i int) error {
		item := key(i)
		item["text"] = &types.AttributeValueMemberS{Value: "some hundred bytes of text, as a record of a small application would have in one of its attributes, more or less"}
		item["count"] = &types.AttributeValueMemberN{Value: fmt.Sprint(i)}
		_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: item})
		return err
	}
	get := func(i int) error {
		_, err := db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key(i)})
		return err
	}
	for _, operation := range []struct {
		name string
		do   func(int) error
	}{{"PutItem", put}, {"GetItem", get}} {
		for _, workers := range []int{1, 16} {
			took, rate, err := load(workers, 4000, operation.do)
			if err != nil {
				return fmt.Errorf("%s %s: %w", who, operation.name, err)
			}
			row(fmt.Sprintf("%s: %s, %d callers", who, operation.name, workers), "%.0f/s, %s", rate, took)
		}
	}
	return nil
}

// load makes n calls from some workers.
func load(workers, n int, do func(int) error) (sample, float64, error) {
	var mu sync.Mutex
	var all sample
	var failed error
	var wg sync.WaitGroup
	begin := time.Now()
	for w := range workers {
		wg.Go(func() {
			var mine sample
			for i := w; i < n; i += workers {
				start := time.Now()
				if err := do(i); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return all, float64(n) / time.Since(begin).Seconds(), failed
}
