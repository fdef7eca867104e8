# WireMock's own jar on Debian's Java, with the ports, folders and entry point of the official image.
ARG BASE
FROM $BASE
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/*
COPY wiremock.jar /var/wiremock/lib/wiremock.jar
WORKDIR /home/wiremock
EXPOSE 8080 8443
ENTRYPOINT ["sh", "-c", "exec java $JAVA_OPTS -cp /var/wiremock/lib/wiremock.jar wiremock.Run \"$@\" $WIREMOCK_OPTIONS", "wiremock"]
