package synth

import (
	"strings"

	"github.com/writ-dev/writ/cfn"
	"github.com/writ-dev/writ/topology"
)

const (
	pagesBucketID  = "PagesBucket"
	pagesPolicyID  = "PagesBucketPolicy"
	pagesControlID = "PagesAccess"
)

// cachingOptimized is AWS's managed cache policy of that name.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
const cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"

// pages adds one bucket for all pages, and for each page a distribution that
// alone may read the page's part of the bucket.
func (b *builder) pages() {
	pages := sorted(b.t.Pages, func(p *topology.Page) string { return p.Name })
	if len(pages) == 0 {
		return
	}
	control := fit(b.pagesName(), replace(b.pagesName(), "-_"), 64)
	b.claim("origin access control", control, "the access control of pages", pages[0].Pos)
	b.add(pagesControlID, "the access control of pages", pages[0].Pos, cfn.Obj(
		"Type", "AWS::CloudFront::OriginAccessControl",
		"Properties", cfn.Obj("OriginAccessControlConfig", cfn.Obj(
			"Name", control,
			"OriginAccessControlOriginType", "s3", "SigningBehavior", "always", "SigningProtocol", "sigv4",
		)),
	))
	var own []*topology.Page
	for _, p := range pages {
		if p.Bucket == "" {
			own = append(own, p)
		}
		b.distribution(p)
		b.skipOfPage(p)
	}
	if len(own) > 0 {
		b.pagesBucket(own)
	}
}

func (b *builder) pagesName() string { return b.t.Name + "-pages-" + b.o.Sandbox }

// pagePrefix is where a page's files lie in the bucket: NAMESPACE/SANDBOX/PAGE.
func (b *builder) pagePrefix(p *topology.Page) string {
	return b.t.Name + "/" + b.o.Sandbox + "/" + p.Name
}

func (b *builder) distributionARN(p *topology.Page) any {
	return sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${" + logicalID(p.Name) + "Distribution}")
}

// pagesBucket adds the bucket and its policy, one statement for each page.
func (b *builder) pagesBucket(pages []*topology.Page) {
	b.add(pagesBucketID, "the bucket of pages", pages[0].Pos, cfn.Obj(
		"Type", "AWS::S3::Bucket",
		"DeletionPolicy", "Delete",
		"UpdateReplacePolicy", "Delete",
		"Properties", cfn.Obj(
			"BucketName", sub(BucketName(b.t, "pages", b.o.Sandbox)+"-${AWS::AccountId}-${AWS::Region}"),
			"PublicAccessBlockConfiguration", cfn.Obj(
				"BlockPublicAcls", true, "BlockPublicPolicy", true, "IgnorePublicAcls", true, "RestrictPublicBuckets", true),
			"Tags", b.tags(),
		),
	))
	b.claim("bucket", BucketName(b.t, "pages", b.o.Sandbox), "the bucket of pages", pages[0].Pos)
	var statements []any
	for i, p := range pages {
		sid := "Page" + logicalID(p.Name)
		statements = append(statements, cfn.Obj(
			"Sid", sid, "Effect", "Allow", "Principal", cfn.Obj("Service", "cloudfront.amazonaws.com"), "Action", "s3:GetObject",
			"Resource", sub("${"+pagesBucketID+".Arn}/"+b.pagePrefix(p)+"/*"),
			"Condition", cfn.Obj("StringEquals", cfn.Obj("aws:SourceArn", b.distributionARN(p), "aws:SourceAccount", ref("AWS::AccountId"))),
		))
		b.out.Permissions = append(b.out.Permissions, Provenance{
			Kind: topology.KindPage, Name: p.Name, Policy: pagesPolicyID, Index: i, Sid: sid, Position: p.Pos,
			Edge: "page " + p.Name + " -> its files",
		})
	}
	b.add(pagesPolicyID, "the policy of the bucket of pages", pages[0].Pos, cfn.Obj(
		"Type", "AWS::S3::BucketPolicy",
		"Properties", cfn.Obj("Bucket", ref(pagesBucketID), "PolicyDocument", cfn.Obj("Version", "2012-10-17", "Statement", statements)),
	))
	b.output(pagesBucketID+"Name", "Name of the bucket of pages", ref(pagesBucketID))
}

func (b *builder) distribution(p *topology.Page) {
	id := logicalID(p.Name) + "Distribution"
	var domain any = getAtt(pagesBucketID, "RegionalDomainName")
	if p.Bucket != "" {
		domain = b.foreignBucketDomain(p)
	}
	config := cfn.Obj(
		"Enabled", true,
		"Comment", "page "+p.Name+" of "+b.t.Name+" in "+b.o.Sandbox,
		"DefaultRootObject", "index.html",
		"HttpVersion", "http2and3",
		"Origins", []any{cfn.Obj(
			"Id", "files", "DomainName", domain, "OriginPath", "/"+b.pagePrefix(p),
			"OriginAccessControlId", getAtt(pagesControlID, "Id"), "S3OriginConfig", cfn.Obj("OriginAccessIdentity", ""),
		)},
		"DefaultCacheBehavior", cfn.Obj(
			"TargetOriginId", "files", "ViewerProtocolPolicy", "redirect-to-https", "Compress", true, "CachePolicyId", cachingOptimized,
		),
	)
	if kind := strings.ToUpper(p.Kind); kind == "SPA" || kind == "PWA" {
		// The paths of such a page are its own: S3, which may not list, answers 403 to all of them.
		config.Set("CustomErrorResponses", []any{cfn.Obj("ErrorCode", number(403), "ResponseCode", number(200), "ResponsePagePath", "/index.html")})
	}
	b.add(id, "the distribution of page "+p.Name, p.Pos, cfn.Obj(
		"Type", "AWS::CloudFront::Distribution", "Properties", cfn.Obj("DistributionConfig", config, "Tags", b.tags())))
	b.output(id+"Url", "URL of page "+p.Name, sub("https://${"+id+".DomainName}/"))
}

// foreignBucketDomain is the origin of a page in a bucket of the user's own.
func (b *builder) foreignBucketDomain(p *topology.Page) any {
	bucket := b.render(p.Bucket, p.Pos)
	b.skip("edge", "page "+p.Name+" -> bucket "+p.Bucket, p.Pos,
		"the bucket is not this stack's, and its one policy is its owner's: it must let cloudfront.amazonaws.com get "+b.pagePrefix(p)+"/* for this distribution")
	return substitute(joinText([]any{bucket, ".s3.", ref("AWS::Region"), ".", ref("AWS::URLSuffix")}))
}

func (b *builder) skipOfPage(p *topology.Page) {
	b.skip("page", p.Name, p.Pos, "its files are not uploaded yet: the bucket and the distribution are made, "+b.pagePrefix(p)+"/ stays empty")
	for _, d := range p.Domains {
		if d.Sandbox == "" || d.Sandbox == b.o.Sandbox {
			b.skip("domain", p.Name+" "+d.Name, d.Pos, "domains and their certificates are not synthesised yet; the page has CloudFront's own name")
		}
	}
}
