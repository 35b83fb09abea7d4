module github.com/writ-dev/writ/bench

go 1.26

require github.com/writ-dev/writ v0.0.0

replace github.com/writ-dev/writ => ../
