module github.com/writ-dev/writ/bench/policy

go 1.26.0

require github.com/writ-dev/writ v0.0.0

replace github.com/writ-dev/writ => ../..
