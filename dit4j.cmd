@echo off
rem Runs dit4j on Windows; builds it first if it was never built. After a change of the sources, while no dit4j runs:
rem   mvnw.cmd -Pquick -pl app -am package
rem
rem   DIT4J_JAVA_OPTS   more options for Java, for example -Xmx8g
rem
rem No command with a path stands in a block of parentheses: one in the path would end the block.
setlocal disabledelayedexpansion
set "ROOT=%~dp0"
set "TARGET=%ROOT%app\target"

call :find_jdk
if errorlevel 1 exit /b 1
if not exist "%TARGET%\dit4j-app-*.jar" goto :build
if not exist "%TARGET%\lib\dit4j-*.jar" goto :build
:run
rem the optimising compiler pays only for what runs long
set "COMPILER=-XX:TieredStopAtLevel=1"
for %%C in (train evaluate data serve) do if "%~1"=="%%C" set "COMPILER="
rem threads of OpenBLAS spin after their work on the cores that other threads need
if not defined OPENBLAS_THREAD_TIMEOUT set "OPENBLAS_THREAD_TIMEOUT=12"
"%JAVA_HOME%\bin\java.exe" --enable-native-access=ALL-UNNAMED "-Ddit4j.home=%ROOT%." -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -XX:+UseSerialGC %COMPILER% %DIT4J_JAVA_OPTS% -cp "%TARGET%\*;%TARGET%\lib\*" org.dit4j.app.Dit4j %*
exit /b %ERRORLEVEL%

:build
echo building ... (once; the first time this also downloads about 360 MB) 1>&2
if not exist "%TARGET%" mkdir "%TARGET%"
if exist "%TARGET%\lib" rmdir /s /q "%TARGET%\lib"
del /q "%TARGET%\dit4j-app-*.jar" 2>nul
pushd "%ROOT%"
call "%ROOT%mvnw.cmd" -B -ntp -q -Pquick -pl app -am package > "%TARGET%\build.log" 2>&1
set "STATUS=%ERRORLEVEL%"
popd
if "%STATUS%"=="0" if exist "%TARGET%\dit4j-app-*.jar" goto :run
rem a jar that is there marks a good build
del /q "%TARGET%\dit4j-app-*.jar" 2>nul
findstr /b /l "[ERROR] [FATAL]" "%TARGET%\build.log" 1>&2 || type "%TARGET%\build.log" 1>&2
echo dit4j: the build failed; the whole log is in "%TARGET%\build.log" 1>&2
exit /b 1

rem Sets JAVA_HOME to a JDK 25 or newer: JAVA_HOME, the javac on the PATH, then the lowest version that will do in the
rem folders where JDKs are commonly installed.
:find_jdk
if defined JAVA_HOME set "JAVA_HOME=%JAVA_HOME:"=%"
call :is_jdk "%JAVA_HOME%" && exit /b 0
for /f "delims=" %%J in ('where javac 2^>nul') do for %%D in ("%%~dpJ..") do call :is_jdk "%%~fD" && set "JAVA_HOME=%%~fD" && exit /b 0
set "BEST="
set "BEST_MAJOR=1000"
for %%P in ("%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto" "%ProgramFiles%\BellSoft" "%ProgramFiles%\SapMachine\JDK" "%LOCALAPPDATA%\Programs\Eclipse Adoptium" "%LOCALAPPDATA%\Programs\Microsoft" "%USERPROFILE%\.jdks" "%USERPROFILE%\.sdkman\candidates\java") do for /d %%D in ("%%~P\*") do call :consider "%%~fD"
if defined BEST set "JAVA_HOME=%BEST%" & exit /b 0
echo dit4j needs a JDK 25 or newer and found none (looked at JAVA_HOME, the PATH, "%ProgramFiles%", "%LOCALAPPDATA%\Programs" and "%USERPROFILE%\.jdks"). 1>&2
echo Install one, for example Eclipse Temurin 25 from https://adoptium.net, or set JAVA_HOME. 1>&2
exit /b 1

:consider
call :is_jdk "%~1" || exit /b 0
if %MAJOR% GEQ %BEST_MAJOR% exit /b 0
set "BEST=%~1"
set "BEST_MAJOR=%MAJOR%"
exit /b 0

rem Whether the folder of its argument is such a JDK; sets MAJOR.
:is_jdk
set "MAJOR="
if "%~1"=="" exit /b 1
if not exist "%~1\bin\javac.exe" exit /b 1
for /f "tokens=2 delims==" %%V in ('findstr /b "JAVA_VERSION=" "%~1\release" 2^>nul') do for /f "tokens=1 delims=.-+" %%M in ("%%~V") do set "MAJOR=%%M"
if not defined MAJOR exit /b 1
if %MAJOR% GEQ 25 exit /b 0
exit /b 1
