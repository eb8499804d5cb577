@echo off
rem Runs dit4j on Windows; builds it first if it was never built.
rem After a change of the sources: mvnw.cmd -Pquick -pl app -am package
rem DIT4J_JAVA_OPTS holds more options for Java, for example -Xmx8g.
setlocal
set "ROOT=%~dp0"
set "TARGET=%ROOT%app\target"

call :is_jdk25 "%JAVA_HOME%" && goto :found
for /f "delims=" %%J in ('where javac 2^>nul') do (
  for %%D in ("%%~dpJ..") do call :is_jdk25 "%%~fD" && set "JAVA_HOME=%%~fD" && goto :found
)
for %%P in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%USERPROFILE%\.jdks") do (
  if exist "%%~P" for /d %%D in ("%%~P\*") do call :is_jdk25 "%%~fD" && set "JAVA_HOME=%%~fD" && goto :found
)
echo dit4j needs a JDK 25 or newer and found none ^(looked at JAVA_HOME, the PATH and %ProgramFiles%^).>&2
echo Install one, for example Eclipse Temurin 25 from https://adoptium.net, or set JAVA_HOME.>&2
exit /b 1

:found
if not exist "%TARGET%\lib\dit4j-*.jar" (
  echo building ... ^(once; the first time this also downloads about 330 MB^)>&2
  if not exist "%TARGET%" mkdir "%TARGET%"
  pushd "%ROOT%"
  call mvnw.cmd -B -ntp -q -Pquick -pl app -am package > "%TARGET%\build.log" 2>&1
  if errorlevel 1 (
    popd
    type "%TARGET%\build.log" >&2
    echo dit4j: the build failed; the log is in %TARGET%\build.log>&2
    exit /b 1
  )
  popd
)
"%JAVA_HOME%\bin\java.exe" --enable-native-access=ALL-UNNAMED "-Ddit4j.home=%ROOT%." -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -XX:+UseSerialGC %DIT4J_JAVA_OPTS% -cp "%TARGET%\*;%TARGET%\lib\*" org.dit4j.app.Dit4j %*
exit /b %ERRORLEVEL%

:is_jdk25
if "%~1"=="" exit /b 1
if not exist "%~1\bin\javac.exe" exit /b 1
set "MAJOR="
for /f "tokens=2 delims==" %%V in ('findstr /b "JAVA_VERSION=" "%~1\release" 2^>nul') do (
  for /f "tokens=1 delims=." %%M in (%%V) do set "MAJOR=%%~M"
)
if not defined MAJOR exit /b 1
if %MAJOR% GEQ 25 exit /b 0
exit /b 1
